/** Stands for "every document" where a list of ids would limit a run. */
export const allDocuments: unique symbol = Symbol.for("millrace.allDocuments") as never;

export type RunMode = "delta" | "full";

/** Which documents a run covers. Every member narrows the choice; `limit` is applied last. */
export interface DocumentFilters {
  /** Full ids, prefixes of at least eight characters, URLs or paths. An unknown one is an error. */
  readonly ids?: readonly string[];
  readonly includePattern?: string;
  readonly excludePattern?: string;
  readonly withStatus?: string;
  readonly withContentType?: string;
  readonly limit?: number;
  /** A filter that the project's config declares in `documentFilters`, by name. */
  readonly [declared: `${string}-${string}`]: string;
}

/** What every model of a run receives. */
export interface ModelContext {
  readonly runId: string;
  readonly mode: RunMode;
  readonly filters: DocumentFilters;
  /** The documents the filters resolved to; `allDocuments` when the run has no document filter. */
  readonly documentIds: readonly string[] | typeof allDocuments;
  /** Whatever the caller of the run passed along. */
  readonly metadata: Readonly<Record<string, unknown>>;
}
