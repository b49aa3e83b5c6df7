import { setMaxListeners } from "node:events";
import { is, SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { MillraceError } from "../../core/errors.ts";
import type { DatabaseClient } from "../../database/connect.ts";
import type { ResolvedModel } from "../../graph/resolved-model.ts";
import { bindSource } from "../../sources/bind-source.ts";
import { type ModelJob, NO_ROWS } from "../model-job.ts";
import type { Receipt } from "../../state/results.ts";
import { withCancel } from "../../database/cancel-query.ts";
import { withQuerySlot } from "../../database/query-slots.ts";
import { fillTable } from "./query-table.ts";
import { makeView } from "./query-view.ts";
import { explainSqlError } from "../../database/sql-error.ts";
import { documentsSql, settleValues, templateSources } from "../query/sql-template.ts";

/** A model's query as the database takes it. */
export interface RenderedQuery {
  /** A whole `select`. */
  readonly text: string;
  /** None for a view, in whose text they stand. */
  readonly values: readonly unknown[];
  /** The part of the text that the model itself says. */
  readonly own: string;
}

/** Runs a SQL model: the database computes its rows, or keeps its query as a view. */
export async function runSqlModel(job: ModelJob): Promise<Receipt> {
  const { database, resolved } = job;
  const { model } = resolved;
  // A table that is not there yet is an error that says which model fills it.
  await Promise.all(resolved.sources.map((source) => bindSource(source, { ...job, reader: model.name })));
  const query = renderSqlModel(resolved, database);
  return inQueryTransaction(job, async (client) => {
    const isView = model.materialized === "view";
    const rows = isView ? await makeView(client, job, query) : await fillTable(client, job, query);
    return job.finish(client, { status: "succeeded" }, rows ?? NO_ROWS);
  });
}

/** One transaction for what the database does by itself: it waits for its turn, and ends when the run is cancelled. */
export async function inQueryTransaction<Result>(
  { database, resolved, signal }: Pick<ModelJob, "database" | "resolved" | "signal">,
  work: (client: DatabaseClient) => Promise<Result>,
): Promise<Result> {
  // All queries of a run listen to it.
  setMaxListeners(0, signal);
  try {
    return await withQuerySlot(database, signal, () =>
      database.transaction((client) => withCancel({ database, client, signal }, () => work(client))),
    );
  } catch (error) {
    throw explainSqlError(error, resolved.model.name);
  }
}

/** The text of a SQL model's query and the values it takes. */
export function renderSqlModel(
  { model, sources }: ResolvedModel,
  database: { readonly documents: string },
  /** Values stand in the text, for people. */
  { isInline = model.materialized === "view" }: { readonly isInline?: boolean } = {},
): RenderedQuery {
  const query: unknown = model.sql?.(templateSources(model, sources) as never);
  if (!is(query, SQL)) {
    throw new MillraceError("SQL_INVALID", `The \`sql\` of model "${model.name}" does not return a query.`, {
      hint: "Return what the tag makes: sql`select …`, from millrace/schema.",
    });
  }
  const settled = settleValues(model.name, query);
  const { sql: text, params } = new QueryDialect().sqlToQuery(isInline ? sql`${settled}`.inlineParams() : settled);
  const own = text.replace(/[\s;]+$/, "");
  const readsDocuments = sources.some(({ name, origin }) => origin.type === "documents" && name !== model.forEach);
  return {
    // A line of its own: the query may end in a comment.
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
  // Right whatever the server takes a backslash for.
  override escapeString(text: string): string {
    const quoted = text.replaceAll("'", "''");
    return text.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
  }
}
