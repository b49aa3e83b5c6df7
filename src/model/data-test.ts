import type { SQL, SQLWrapper } from "drizzle-orm";
import type { AnyModel } from "./define-model.ts";

declare const testedRow: unique symbol;

/** `error` fails the model and skips what is below it; `warn` only says so. */
export type TestSeverity = "error" | "warn";

/** Another table that a test reads: a model's, or one known by its name only. */
export type TestedTable = AnyModel | string;

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

/** A table inside a test's query. */
export interface TestRelation {
  readonly table: SQL;
  readonly column: (key: string) => SQL;
}

/** What the query of a test is made of. */
export interface TestQueryParts extends TestRelation {
  /** The rows to look at, as an item of `from` with the name `tested`. */
  readonly rows: SQL;
  /** Every row that meets the test's condition, under the same name; more than `rows` when only changed ones count. */
  readonly all: SQL;
  readonly isPart: boolean;
  /** The columns of a failing row that are worth showing. */
  readonly shown: SQL;
  readonly other: (name: string) => TestRelation;
}

/** A data test as the graph and the runner see it: its query gives the rows that are wrong. */
export interface AnyDataTest {
  readonly kind: "test";
  readonly name: string;
  readonly severity: TestSeverity;
  readonly warnIf: number;
  readonly errorIf: number;
  readonly where: SQLWrapper | undefined;
  readonly rows: "all" | "changed";
  /** Columns of the model that it names, as TypeScript keys. */
  readonly columns: readonly string[];
  readonly reads: Readonly<Record<string, { readonly table: TestedTable; readonly columns: readonly string[] }>>;
  readonly failing: (scope: TestQueryParts) => SQL;
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
