import type { ErrorCode } from "../../core/error-codes.ts";
import { is, type Name, type SQLChunk, sql, SQL } from "drizzle-orm";
import { MillraceError } from "../../core/errors.ts";
import { didYouMean } from "../../core/text.ts";
import type { ResolvedSource } from "../../graph/resolved-model.ts";
import type { AnyModel } from "../../model/any-model.ts";
import { tableIdentifier } from "../../table/table-identifier.ts";
import { hasColumns } from "../../table/table-shape.ts";
import { documentTable } from "../../sources/bind-source.ts";

/** Name of the documents inside a query; `documentsSql` defines it. */
const DOCUMENTS = "millrace_documents";
/** Name of the rows of a run's units inside a query. */
export const UNIT_ROWS = "millrace_units";

/**
 * The sources as they stand in a template: `${source}` and `${source.column}`. A wrong name is an error, not text. The
 * source of the units stands for their rows only.
 */
export function templateSources(
  { name: model, forEach }: Pick<AnyModel, "name" | "forEach">,
  sources: readonly ResolvedSource[],
): object {
  const known = new Map(
    sources.map((source) => {
      const table = source.name === forEach ? UNIT_ROWS : tableName(source);
      return [source.name, templateSource(model, { source, table })];
    }),
  );
  return namedThings(known, (name) =>
    unknownName("SOURCE_NOT_FOUND", `Model "${model}" has no source "${name}".`, name, [...known.keys()]),
  );
}

/** Precedes a query that reads documents, so that they have a name even if the query does not give them one. */
export function documentsSql(database: { readonly documents: string }): string {
  const { relation, columns, readable } = documentTable(database, false);
  const names = columns.filter((column) => readable.has(column.key)).map((column) => column.name);
  return `with ${DOCUMENTS} as not materialized (select ${names.join(", ")} from ${relation} as every)`;
}

function templateSource(model: string, { source, table: name }: { source: ResolvedSource; table: string }): object {
  const table = tableIdentifier(name);
  const known = columnNames(source);
  const members = new Map<string, unknown>([
    // Properties that Drizzle reads of a value in a template.
    ["getSQL", () => table.getSQL()],
    ["shouldOmitSQLParens", () => true],
    ...[...known].map(([key, name]): [string, Name] => [key, sql.identifier(name)]),
  ]);
  return namedThings(members, (key) => {
    // Only the database knows which columns it has.
    if (known.size === 0) return sql.identifier(key);
    const message = `Model "${model}" reads column "${key}" of its source "${source.name}", which does not have it.`;
    return unknownName("COLUMN_NOT_FOUND", message, key, [...known.keys()]);
  });
}

function tableName({ origin }: ResolvedSource): string {
  if (origin.type === "documents") return DOCUMENTS;
  return origin.type === "table" ? origin.table : origin.shape.name;
}

/** Names in the database by the names a model uses; empty where every name goes. */
function columnNames({ origin, spec }: ResolvedSource): ReadonlyMap<string, string> {
  if (origin.type === "table" || (origin.type === "model" && !hasColumns(origin.shape))) {
    return new Map(spec.columns?.map((name) => [name, name]));
  }
  const columns =
    origin.type === "documents"
      ? documentTable({ documents: "" }, false).columns
      : origin.shape.columns.map(({ key, name }) => ({ key: origin.isUntyped ? name : key, name }));
  const isListed = ({ key }: { key: string }) => spec.columns?.includes(key) !== false;
  return new Map(columns.filter(isListed).map(({ key, name }) => [key, name]));
}

function namedThings(known: ReadonlyMap<string, unknown>, otherwise: (name: string) => unknown): object {
  return new Proxy(
    {},
    {
      get(_, name) {
        if (typeof name === "string") return known.has(name) ? known.get(name) : otherwise(name);
        return name === Symbol.toPrimitive ? refuseText : undefined;
      },
    },
  );
}

function refuseText(): never {
  throw new MillraceError("SQL_INVALID", "A source is used in a plain string.", {
    hint: "A template with a source in it needs the tag: sql`…${source}…`.",
  });
}

function unknownName(code: ErrorCode, message: string, name: string, known: readonly string[]): never {
  throw new MillraceError(code, `${message}${didYouMean(name, known)}`, {
    hint: "Fix the name in the model's SQL.",
  });
}

/** A query whose values can be parameters or text alike; one that is undefined is an error. */
export function settleValues(model: string, query: SQL): SQL {
  const settle = (chunk: unknown): unknown => {
    if (chunk === undefined) {
      throw new MillraceError("SQL_INVALID", `The SQL of model "${model}" contains a value that is undefined.`, {
        hint: "Give a value, or null.",
      });
    }
    if (chunk instanceof Date) return chunk.toISOString();
    if (typeof chunk === "bigint") return String(chunk);
    if (Array.isArray(chunk)) return chunk.map(settle);
    if (!is(chunk, SQL)) return chunk;
    const settled = new SQL(chunk.queryChunks.map(settle) as SQLChunk[]);
    // Drizzle does not expose whether `inlineParams` was called.
    return (chunk as unknown as { shouldInlineParams: boolean }).shouldInlineParams ? settled.inlineParams() : settled;
  };
  return settle(query) as SQL;
}
