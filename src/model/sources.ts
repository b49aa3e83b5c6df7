import { MillraceError, UsageError } from "../core/errors.ts";
import { nameProblem } from "../table/table-names.ts";
import type { SourceSpec, Model } from "./any-model.ts";
import type { allDocuments, ModelContext } from "./context.ts";
import { type FreshnessSpec, parseAge } from "./freshness.ts";
import type { DocumentContentRow, DocumentRow } from "./document-row.ts";

declare const rowType: unique symbol;

/** A row of a table that Millrace knows only by name, with the database's column names. */
export type UntypedRow = Record<string, unknown>;

/** What a model reads, with the type of one of its rows. */
export interface Source<Row> {
  readonly kind: "source";
  readonly [rowType]: Row;
}

// Sources of every row type are welcome here; `unknown` is their common supertype.
export type Sources = Readonly<Record<string, Source<unknown> | string>>;

export type RowOf<Given> = Given extends Source<infer Row> ? Row : UntypedRow;

type WhereValue<Value> = Value | null | readonly Value[] | typeof allDocuments;
type WhereColumns<Row> = {
  readonly [Column in keyof Row]?: WhereValue<Row[Column]> | ((context: ModelContext) => WhereValue<Row[Column]>);
};

/**
 * How a source is read.
 *
 * @see `docs/models.md#sources`
 */
export interface RefOptions<Row> {
  /**
   * Rows to read: a value, a list (an empty one selects nothing) or null per column, or a function of the run's
   * context. Values define the model; functions are this run's scope.
   */
  readonly where?: WhereColumns<Row> | ((context: ModelContext) => WhereColumns<Row>);
  /**
   * Reads only the rows that belong to the current one: column here → column there. A query in units sees them all; to
   * it this says which units a change affects.
   */
  readonly match?: { readonly [Column in keyof Row]?: string };
  /** Changes of this source do not make the model's units stale. */
  readonly untracked?: boolean;
  /** How old its newest row may be; `millrace source freshness` checks it. */
  readonly freshness?: FreshnessSpec;
}

/**
 * Reads another model's table, or any table by name, with its schema unless that is the project's.
 *
 * @example
 * sources: { sections: ref(documentSections, { columns: ["documentId", "content"], where: { heading: null } }) }
 */
export function ref<Row extends object = UntypedRow, const Column extends keyof Row & string = keyof Row & string>(
  target: Model<Row> | string,
  options: RefOptions<NoInfer<Row>> & { readonly columns?: readonly Column[] } = {},
): Source<{ [Key in Column]: Row[Key] }> {
  if (target === undefined || target === null) {
    throw new MillraceError("REF_UNDEFINED", "ref() was given undefined instead of a model.", {
      hint: 'Two model files probably import each other. Refer to one of them by name: ref("namespace.model").',
    });
  }
  if (typeof target === "string") refuseName(target);
  return createSource({
    target: typeof target === "string" ? { type: "name", name: target } : { type: "model", model: target },
    columns: options.columns,
    where: options.where,
    match: options.match as Record<string, string> | undefined,
    untracked: options.untracked ?? false,
    ...(options.freshness === undefined ? {} : { freshness: checkedFreshness(options.freshness) }),
  });
}

/** Reads the project's documents; with `content: true` each row carries its text. */
export function documents<const Content extends boolean = false>(
  options: { readonly content?: Content; readonly where?: RefOptions<DocumentRow>["where"] } = {},
): Source<Content extends true ? DocumentContentRow : DocumentRow> {
  return createSource({
    target: { type: "documents", content: options.content ?? false },
    columns: undefined,
    where: options.where,
    match: undefined,
    untracked: false,
  });
}

/** The source a plain table name stands for. */
function sourceByName(name: string): SourceSpec {
  refuseName(name);
  return {
    kind: "source",
    target: { type: "name", name },
    columns: undefined,
    where: undefined,
    match: undefined,
    untracked: false,
  };
}

function refuseName(name: string): void {
  const problem = name.split(".").flatMap((part) => nameProblem(part) ?? [])[0];
  if (problem === undefined) return;
  throw new UsageError("NAME_INVALID", `ref(${JSON.stringify(name)}): the name ${problem}.`, {
    hint: 'Give the name of a model, or of a table: ref("items"), ref("landing.items").',
  });
}

function createSource<Row>(spec: Omit<SourceSpec, "kind">): Source<Row> {
  return Object.freeze({ kind: "source", ...spec }) as unknown as Source<Row>;
}

function checkedFreshness(freshness: FreshnessSpec): FreshnessSpec {
  const wrong = [freshness.warnAfter, freshness.errorAfter].find(
    (age) => age !== undefined && parseAge(age) === undefined,
  );
  if (wrong === undefined) return freshness;
  throw new MillraceError("FRESHNESS_INVALID", `"${wrong}" is not a valid age.`, {
    hint: 'Write minutes, hours or days: "30m", "12h", "2d".',
  });
}

/** Sources as data; a plain name stands for a model or a table. */
export function toSpecs(sources: Sources): Readonly<Record<string, SourceSpec>> {
  const specs = Object.entries(sources).map(([name, source]) => [
    name,
    typeof source === "string" ? sourceByName(source) : source,
  ]);
  return Object.freeze(Object.fromEntries(specs)) as Record<string, SourceSpec>;
}
