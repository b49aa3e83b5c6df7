import type { SQL, SQLWrapper } from "drizzle-orm";
import type { z } from "zod";
import type { WriteStrategy } from "../table/write/apply-stage.ts";
import type { ModelContext } from "./context.ts";
import type { FreshnessSpec } from "./freshness.ts";

declare const rowType: unique symbol;

/** One row at a time, one group of rows at a time, the whole table, or a query. */
export type ModelForm = "row" | "group" | "table" | "sql";

/** What a change of code or parameters does to existing output: recompute it, or keep it as it is. */
export type OnChange = "rerun" | "keep";

export interface RetryPolicy {
  /** Tries in all; 1 means no retry. */
  readonly maxAttempts?: number;
  /** Wait before the second try, in seconds; doubles from try to try. */
  readonly intervalSeconds?: number;
  readonly backoffRate?: number;
}

/** A file that fills a table. */
export interface SeedFile {
  /** Path in the project's folder. */
  readonly file: string;
  readonly delimiter: string | undefined;
  /** Unless it is UTF-8. */
  readonly encoding?: string | undefined;
  /** A file without rows empties the table. */
  readonly allowEmpty?: boolean | undefined;
  /** Columns of the file that are ignored on purpose. */
  readonly ignoreColumns?: readonly string[] | undefined;
}

/** A model as the registry, the graph and the runner see it; its row types live in `Model<Row>`. */
export interface AnyModel {
  readonly kind: "model";
  readonly name: string;
  readonly description: string | undefined;
  readonly form: ModelForm;
  readonly table: object;
  /** A view stores no rows; only a query can be one. */
  readonly materialized: "table" | "view";
  /** The query of a model of form `sql`. */
  readonly sql: ((sources: never) => SQL) | undefined;
  readonly writeStrategy: WriteStrategy;
  readonly sources: Readonly<Record<string, SourceSpec>>;
  readonly forEach: string | undefined;
  /** Keys of the `forEach` source that make up a group. */
  readonly by: readonly string[] | undefined;
  readonly config: z.ZodType;
  readonly version: string | undefined;
  readonly tags: readonly string[];
  /** Who answers for it. */
  readonly owner: string | undefined;
  /** Facts for people and tools; nothing depends on them. */
  readonly meta: Readonly<Record<string, unknown>>;
  readonly concurrency: number;
  readonly retry: Required<RetryPolicy>;
  readonly timeoutMs: number | undefined;
  /** Tries of a unit, over all runs, before it is quarantined. */
  readonly maxAttempts: number;
  /** Share of the units of a run that may fail before the model does. */
  readonly maxErrorRate: number;
  /** What to do with a group when a unit above it has failed. */
  readonly incomplete: "wait" | "process";
  /** Most that a run may spend on its calls to language models, in US dollars. */
  readonly maxCostUsd: number | undefined;
  readonly onChange: OnChange;
  /** Whether a plan may run its function on a few units, to see what it would ask. */
  readonly probe: boolean;
  /** The file that its rows are read from, for a seed. */
  readonly seed?: SeedFile;
  /** Their names are unique. */
  readonly tests: readonly AnyDataTest[];
  readonly run: (args: never) => Promise<unknown>;
}

/** A declared model. Others read it with `ref(model)`, and its row type comes along. */
export interface Model<Row extends object> extends AnyModel {
  readonly [rowType]: Row;
}

/** A source as data. */
export interface SourceSpec {
  readonly kind: "source";
  readonly target:
    | { readonly type: "model"; readonly model: AnyModel }
    /** A model's name or a table's name; which of the two is decided when all models are known. */
    | { readonly type: "name"; readonly name: string }
    | { readonly type: "documents"; readonly content: boolean };
  /** TypeScript keys; undefined reads every data column. */
  readonly columns: readonly string[] | undefined;
  readonly where: WhereSpec | undefined;
  /** Column of this source → column of the row that the model works on. */
  readonly match: Readonly<Record<string, string>> | undefined;
  readonly untracked: boolean;
  readonly freshness?: FreshnessSpec;
}

export type WhereSpec =
  | Readonly<Record<string, unknown>>
  | ((context: ModelContext) => Readonly<Record<string, unknown>>);

/** `error` fails the model and skips what is below it; `warn` only reports the failure. */
export type TestSeverity = "error" | "warn";

/** Another table that a test reads: a model's, or one known by its name only. */
export type TestedTable = AnyModel | string;

/** A table inside a test's query. */
export interface TestRelation {
  readonly table: SQL;
  readonly column: (key: string) => SQL;
}

/** What the query of a test is made of. */
export interface TestQueryParts extends TestRelation {
  /** The rows to look at, as an item of `from` with the name `tested`. */
  readonly rows: SQL;
  /** Every row that meets the test's condition, under the same name; more than `rows` when only changed rows are tested. */
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
