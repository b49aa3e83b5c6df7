/** One column of a source: how the model calls it, how the database does. */
export interface BoundColumn {
  readonly key: string;
  readonly name: string;
  readonly sqlType: string;
  readonly notNull: boolean;
  /** Turns the driver's value into the one the model sees. */
  readonly decode: (value: unknown) => unknown;
  /** Turns a value of a `where` into what the driver takes. */
  readonly encode: (value: unknown) => unknown;
}

/** A source, ready to be read in one run: real table, real columns, conditions with their values. */
export interface BoundSource {
  readonly name: string;
  /** SQL that follows `from`. */
  readonly relation: string;
  /** What the model sees of a row. */
  readonly columns: readonly BoundColumn[];
  readonly primaryKey: readonly BoundColumn[];
  /** Nothing in the database sees to it that its rows have the declared key. */
  readonly isView: boolean;
  /** Holds the id of the document that a row came from. */
  readonly documentColumn: BoundColumn | undefined;
  /** Conditions that define the model. */
  readonly definition: readonly Condition[];
  /** Conditions of this run only. */
  readonly scope: readonly Condition[];
  readonly match: readonly { readonly column: BoundColumn; readonly unitKey: string }[];
  readonly untracked: boolean;
  /** Rows get the text of their document as `content`, read when the row is used. */
  readonly withContent: boolean;
  find(key: string): BoundColumn;
}

/** A column that must have a value, one of a list of values, or none. */
export interface Condition {
  readonly column: BoundColumn;
  readonly value: unknown;
}
