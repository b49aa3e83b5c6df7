/** Columns that models declare they read; `documentId` is `document_id` in the plain table. */
export type ColumnKey = "id" | "grp" | "documentId" | "n" | "body";

export interface ReadSpec {
  /** The plain table, the documents, or another model by its number. */
  readonly from: "input" | "documents" | number;
  /** All of them unless given. */
  readonly columns?: readonly ColumnKey[] | undefined;
  readonly where?: Readonly<Partial<Record<ColumnKey, unknown>>> | undefined;
}

export interface SideSpec extends ReadSpec {
  /** Column there → column of the unit; without it every unit sees all rows. */
  readonly match?: Readonly<Partial<Record<ColumnKey, ColumnKey>>> | undefined;
}

export type Form = "row" | "group" | "table" | "query" | "view" | "query row" | "query group";

export const isQuery = (form: Form) => form === "view" || form.startsWith("query");
/** One row, or one group of rows, is replaced by itself. */
export const hasUnits = (form: Form) => form.endsWith("row") || form.endsWith("group");

/** What a model does, as data: the same data, the same function. */
export interface Behaviour {
  /** map: one row; split: none to three; filter: one or none; slot: a row under a name that units may swap. */
  readonly mode: "map" | "split" | "filter" | "slot";
  /** Another salt, another output. */
  readonly salt: number;
  /** Output that stays equal for many inputs. */
  readonly isCoarse: boolean;
  /** The group of an output row follows from its content instead of its input. */
  readonly regroups: boolean;
  readonly hasExtra: boolean;
  /** How long a unit takes, in turns of the event loop. */
  readonly turns: number;
}

export interface ModelSpec {
  readonly index: number;
  readonly form: Form;
  /** The key is two columns instead of one. */
  readonly isComposite: boolean;
  readonly source: ReadSpec;
  /** A second table of table models and queries. */
  readonly second: ReadSpec | undefined;
  readonly side: SideSpec | undefined;
  readonly by: readonly ("grp" | "documentId")[];
  readonly behaviour: Behaviour;
  /** Behaviour does not show in the function's text, only in this. */
  readonly version: number | undefined;
  /** Upstreams are given by their names. */
  readonly isNamed: boolean;
  readonly concurrency: number;
}

export const modelName = (index: number) => `p.m${index}`;
export const tableName = (index: number) => `m${index}`;

/** Units of a model that fail in a run. */
export interface Failure {
  readonly model: number;
  readonly kind: "throw" | "row error" | "retryable";
  /** One of so many units fails. */
  readonly share: number;
  readonly salt: number;
}

export type Failures = readonly Failure[];
