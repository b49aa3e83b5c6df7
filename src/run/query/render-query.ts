import { is, SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { UsageError } from "../../core/errors.ts";
import type { ResolvedModel } from "../../graph/resolved-model.ts";
import { documentsSql, settleValues, templateSources } from "./sql-template.ts";

/** A model's query as the database takes it. */
export interface RenderedQuery {
  /** A whole `select`. */
  readonly text: string;
  /** None for a view, whose text contains them. */
  readonly values: readonly unknown[];
  /** The part of the text that the model itself declares. */
  readonly own: string;
}

/** The text of a SQL model's query and the values it takes. */
export function renderSqlModel(
  { model, sources }: ResolvedModel,
  database: { readonly documents: string },
  /** Put values into the text, for people. */
  { isInline = model.materialized === "view" }: { readonly isInline?: boolean } = {},
): RenderedQuery {
  const query: unknown = model.sql?.(templateSources(model, sources) as never);
  if (!is(query, SQL)) {
    throw new UsageError("SQL_INVALID", `The \`sql\` of model "${model.name}" does not return a query.`, {
      hint: "Return a tagged template: sql`select …`, with sql from millrace/schema.",
    });
  }
  const settled = settleValues(model.name, query);
  const { sql: text, params } = new QueryDialect().sqlToQuery(isInline ? sql`${settled}`.inlineParams() : settled);
  const own = text.replace(/[\s;]+$/, "");
  const readsDocuments = sources.some(({ name, origin }) => origin.type === "documents" && name !== model.forEach);
  return {
    // On a separate line, because the query may end in a comment.
    text: readsDocuments ? `${documentsSql(database)}\nselect * from (\n${own}\n) as query` : own,
    values: params,
    own,
  };
}

/** The text of a query with its values in it. */
export function inlineSql(query: SQL): string {
  return new QueryDialect().sqlToQuery(sql`${query}`.inlineParams()).sql;
}

class QueryDialect extends PgDialect {
  // Correct however the server interprets a backslash.
  override escapeString(text: string): string {
    const quoted = text.replaceAll("'", "''");
    return text.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
  }
}
