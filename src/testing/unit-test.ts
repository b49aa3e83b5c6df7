import { MillraceError } from "../core/errors.ts";
import type { Model } from "../model/any-model.ts";
import { executeModel, type ExecuteOptions } from "./execute-model.ts";
import { compareRows, type RowDifference } from "./compare-rows.ts";
import { queryOnRows } from "./query-on-rows.ts";
import { renderDifference } from "./render-difference.ts";

export interface UnitTestDeclaration<Row extends object> extends Omit<ExecuteOptions, "sources"> {
  /** What the test is about, in a few words. */
  readonly name?: string;
  /** Rows per source, with the keys that the model reads; a source that is left out is empty. */
  readonly given?: ExecuteOptions["sources"];
  /** The rows that the model must write, in any order. Columns that none of them names are not compared. */
  readonly expect: readonly Partial<Row>[];
}

/** A test of one model on rows that stand in it. */
export interface UnitTest {
  readonly kind: "unit-test";
  readonly name: string;
  readonly model: string;
  /** Fails with the difference; hand it to Vitest's `test`. Queries run on the server of `databaseUrl`, or on the embedded one. */
  readonly run: (options?: { readonly databaseUrl?: string }) => Promise<void>;
}

/** The rows are not the expected ones. */
export class UnitTestError extends MillraceError {
  override readonly name = "UnitTestError";
  readonly difference: RowDifference;

  constructor(test: Pick<UnitTest, "name">, difference: RowDifference) {
    const lines = renderDifference(difference);
    super("UNIT_TEST_FAILED", [`${test.name}: the rows differ.`, ...lines].join("\n"), {
      hint: "- is missing, + is unexpected, ~ shows expected → actual.",
    });
    this.difference = difference;
  }
}

/**
 * Declares a test of a model, of whatever kind, on given rows. In a file `*.unit.ts` it is found by
 * `millrace test --unit`; in Vitest it is `test(unit.name, () => unit.run())`.
 *
 * @example
 * export const empty = unitTest(customers, {
 *   name: "a customer without orders",
 *   given: { customers: [{ customerId: 1 }], orders: [] },
 *   expect: [{ customerId: 1, numberOfOrders: null }],
 * });
 */
export function unitTest<Row extends object>(model: Model<Row>, declaration: UnitTestDeclaration<Row>): UnitTest {
  const { given = {}, expect, name = model.name, ...options } = declaration;
  const test: UnitTest = {
    kind: "unit-test",
    name: name === model.name ? name : `${model.name}: ${name}`,
    model: model.name,
    async run({ databaseUrl } = {}) {
      const actual =
        model.form === "sql"
          ? await queryOnRows(model, given, { databaseUrl })
          : await executeModel(model, { ...options, sources: given });
      const difference = compareRows(model, { expected: expect, actual });
      if (difference !== undefined) throw new UnitTestError(test, difference);
    },
  };
  return Object.freeze(test);
}

/** True for what `unitTest` returns, from whichever copy of this package it came. */
export function isUnitTest(value: unknown): value is UnitTest {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "unit-test";
}
