import type { SQL } from "drizzle-orm";
import type { TestSeverity, AnyDataTest } from "./any-model.ts";

declare const testedRow: unique symbol;

export interface DataTestOptions {
  /** What the test is called; made of its kind and columns unless given. */
  readonly name?: string;
  /** The worst that a failure can be; `error` unless said otherwise. */
  readonly severity?: TestSeverity;
  /** Failing rows from which on it warns; 1. */
  readonly warnIf?: number;
  /** Failing rows from which on it fails; 1. */
  readonly errorIf?: number;
  /** Only rows that meet this condition, in SQL with the names of the database. */
  readonly where?: string | SQL;
  /** `changed` looks at what has been written since the test last passed in a build; `all` unless said otherwise. */
  readonly rows?: "all" | "changed";
}

/** A test of rows that have at least the columns of `Row`. */
export interface DataTest<in Row> extends AnyDataTest {
  readonly [testedRow]: (row: Row) => void;
}

/** The tests that rows of this type can have; of rows whose columns nobody declared, any. */
export type DataTestOf<Row> = string extends keyof Row ? AnyDataTest : DataTest<Row>;

/** Tests with a name of their own each. */
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
