import type { SQL } from "drizzle-orm";
import type { TestSeverity, AnyDataTest } from "./any-model.ts";

declare const testedRow: unique symbol;

export interface DataTestOptions {
  /** Name of the test; made of its kind and columns unless given. */
  readonly name?: string;
  /** The highest severity of a failure; `error` unless given. */
  readonly severity?: TestSeverity;
  /** Number of failing rows from which it warns; 1 by default. */
  readonly warnIf?: number;
  /** Number of failing rows from which it fails; 1 by default. */
  readonly errorIf?: number;
  /** Only rows that meet this condition, in SQL with the names of the database. */
  readonly where?: string | SQL;
  /** `changed` tests only rows written since the test last passed in a build; `all` unless given. */
  readonly rows?: "all" | "changed";
}

/** A test of rows that have at least the columns of `Row`. */
export interface DataTest<in Row> extends AnyDataTest {
  readonly [testedRow]: (row: Row) => void;
}

/** The tests that rows of this type can have; any test where no columns are declared. */
export type DataTestOf<Row> = string extends keyof Row ? AnyDataTest : DataTest<Row>;

/** Gives each test a unique name. */
export function namedApart(tests: readonly AnyDataTest[]): readonly AnyDataTest[] {
  const names = new Map<string, number>();
  return Object.freeze(
    tests.map((test) => {
      const count = (names.get(test.name) ?? 0) + 1;
      names.set(test.name, count);
      return count === 1 ? test : Object.freeze({ ...test, name: `${test.name} #${count}` });
    }),
  );
}
