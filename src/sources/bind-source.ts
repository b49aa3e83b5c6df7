import { MillraceError } from "../core/errors.ts";
import { didYouMean, quoteList } from "../core/text.ts";
import { type Database, quoteName } from "../database/connect.ts";
import type { ResolvedSource } from "../graph/resolved-model.ts";
import { allDocuments, type ModelContext } from "../model/context.ts";
import type { SourceSpec } from "../model/any-model.ts";
import { parseArray } from "../database/parse-array.ts";
import { relationSql } from "../database/sql-text.ts";
import { createValueDecoder } from "../table/read/decode-row.ts";
import { dataColumns, hasColumns } from "../table/table-shape.ts";
import type { BoundColumn, BoundSource } from "./bound-source.ts";
import { readConditions } from "./conditions.ts";
import { type ExistingTable, findElsewhere, findTable } from "../table/schema/existing-tables.ts";

export interface BindOptions {
  readonly database: Database;
  readonly context: ModelContext;
  /** Tables that are known to be there, with the columns their models declare. */
  readonly knownTables: ReadonlySet<string>;
  /** The model that asks. */
  readonly reader: string;
}

/** Looks a source up in the database. A table or column that is not there is an error, never an empty result. */
export async function bindSource(source: ResolvedSource, options: BindOptions): Promise<BoundSource> {
  const { context, reader } = options;
  const described = await describeSource(source, options);
  const find = (key: string): BoundColumn => {
    const column = described.columns.find((each) => each.key === key);
    if (column !== undefined) return column;
    const keys = described.columns.map((each) => each.key);
    throw new MillraceError(
      "COLUMN_NOT_FOUND",
      `Model "${reader}" reads column "${key}" of ${described.title}, which does not have it.${didYouMean(key, keys)}`,
      {
        hint: "Fix the column's name in the model's sources.",
      },
    );
  };
  const { definition, scope } = readConditions(source.spec.where, context, find);
  const readable = described.columns.filter((column) => described.readable.has(column.key));
  return {
    name: source.name,
    relation: described.relation,
    columns: source.spec.columns === undefined ? readable : source.spec.columns.map(find),
    primaryKey: described.primaryKey
      .map((name) => described.columns.find((column) => column.name === name))
      .filter((column) => column !== undefined),
    isView: source.origin.type === "model" && source.origin.shape.query === "view",
    documentColumn: described.columns.find((column) => column.name === described.documentColumn),
    definition,
    scope,
    match: Object.entries(source.spec.match ?? {}).map(([key, unitKey]) => ({ column: find(key), unitKey })),
    untracked: source.spec.untracked,
    withContent: source.origin.type === "documents" && source.origin.content,
    find,
  };
}

const NO_RUN = { runId: "none", mode: "delta", filters: {}, documentIds: allDocuments, metadata: {} } as const;

/** Looks a source up as its declaration defines it, for no run in particular. */
export async function bindDefinition(
  given: ResolvedSource,
  options: Omit<BindOptions, "context">,
): Promise<{ readonly source: ResolvedSource; readonly bound: BoundSource }> {
  const source = { ...given, spec: { ...given.spec, where: definitionOf(given.spec) } };
  return { source, bound: await bindSource(source, { ...options, context: NO_RUN }) };
}

// Functions are about a run.
function definitionOf({ where }: SourceSpec): SourceSpec["where"] {
  if (where === undefined || typeof where === "function") return undefined;
  return Object.fromEntries(Object.entries(where).filter(([, value]) => typeof value !== "function"));
}

interface DescribedSource {
  readonly title: string;
  readonly relation: string;
  readonly columns: readonly BoundColumn[];
  /** Keys of the columns a model reads when it names none. */
  readonly readable: ReadonlySet<string>;
  readonly primaryKey: readonly string[];
  readonly documentColumn: string | undefined;
}

const asIs = (value: unknown) => value;
// The driver does not know arrays of user-defined types, such as enums.
const asList = (value: unknown) => (typeof value === "string" ? parseArray(value) : value);
const nullOr = (convert: (value: unknown) => unknown) => (value: unknown) => (value === null ? null : convert(value));

async function describeSource(
  { origin }: ResolvedSource,
  { database, knownTables, reader }: BindOptions,
): Promise<DescribedSource> {
  if (origin.type === "documents") return documentTable(database, origin.content);
  if (origin.type === "table") {
    const hint = "Fix the name, or create the table before the run.";
    return describeByName(origin.table, await requireTable(database, origin.table, reader, hint));
  }
  const { shape, isUntyped, model } = origin;
  if (!hasColumns(shape) || !knownTables.has(shape.name)) {
    const hint = `Run the model that fills it first: \`millrace run ${model.name}\`.`;
    const table = await requireTable(database, shape.name, reader, hint);
    if (!hasColumns(shape)) return describeByName(shape.name, table);
  }
  const key = (column: { key: string; name: string }) => (isUntyped ? column.name : column.key);
  return {
    title: `table "${shape.name}"`,
    relation: quoteName(shape.name),
    columns: shape.columns.map((column) => ({
      key: key(column),
      name: column.name,
      sqlType: column.sqlType,
      notNull: column.notNull,
      decode: nullOr(createValueDecoder(column.column)),
      encode: nullOr((value) => column.column.mapToDriverValue(value)),
    })),
    readable: new Set(dataColumns(shape).map(key)),
    primaryKey: shape.primaryKey,
    documentColumn: shape.documentColumn,
  };
}

function describeByName(name: string, table: ExistingTable): DescribedSource {
  const columns = table.columns.map((column) => ({
    ...column,
    key: column.name,
    decode: column.sqlType.endsWith("[]") ? asList : asIs,
    encode: asIs,
  }));
  return {
    title: `table "${name}"`,
    relation: relationSql(name),
    columns,
    readable: new Set(columns.map((column) => column.key)),
    primaryKey: table.primaryKey?.columns ?? [],
    documentColumn: columns.find((column) => column.name === "document_id")?.name,
  };
}

async function requireTable(database: Database, table: string, reader: string, hint: string): Promise<ExistingTable> {
  const found = await findTable(database, table);
  if (found !== undefined) return found;
  const [elsewhere, ...more] = await findElsewhere(database, table);
  throw new MillraceError(
    "TABLE_NOT_FOUND",
    `Model "${reader}" reads table "${table}", which is not in the database.`,
    {
      hint:
        elsewhere === undefined
          ? hint
          : `There is ${quoteList([elsewhere, ...more])} in another schema: read it with \`ref("${elsewhere}")\`, or put its schema on the role's search_path.`,
    },
  );
}

// A document that could never be read has no content hash: with its text asked for it is an error of its unit,
// without it there is nothing to show yet.
export function documentTable({ documents: table }: { readonly documents: string }, content: boolean): DescribedSource {
  const column = (key: string, name: string, sqlType: string, notNull: boolean): BoundColumn => ({
    key,
    name,
    sqlType,
    notNull,
    decode: asIs,
    encode: asIs,
  });
  const columns = [
    column("id", "id", "text", true),
    column("title", "title", "text", false),
    column("path", "path", "text", false),
    column("sourceUrl", "source_url", "text", true),
    column("contentType", "content_type", "text", true),
    column("contentHash", "content_hash", "text", false),
    column("metadata", "metadata", "jsonb", true),
  ];
  return {
    title: "the documents",
    relation: content ? table : `(select * from ${table} where content_hash is not null)`,
    columns: [...columns, column("status", "status", "text", true)],
    readable: new Set(columns.map((each) => each.key)),
    primaryKey: ["id"],
    documentColumn: "id",
  };
}
