import { allInOrder } from "../../core/all-in-order.ts";
import { setMaxListeners } from "node:events";
import type { DatabaseClient } from "../../database/connect.ts";
import { bindSource } from "../../sources/bind-source.ts";
import { type ModelJob, NO_ROWS } from "../units/model-job.ts";
import type { Receipt } from "../../state/results.ts";
import { withCancel } from "../../database/cancel-query.ts";
import { withQuerySlot } from "../../database/query-slots.ts";
import { fillTable } from "./query-table.ts";
import { makeView } from "./query-view.ts";
import { explainSqlError } from "../../database/sql-error.ts";
import { renderSqlModel } from "../query/render-query.ts";

/** Runs a SQL model: the database computes its rows, or keeps its query as a view. */
export async function runSqlModel(job: ModelJob): Promise<Receipt> {
  const { database, resolved } = job;
  const { model } = resolved;
  // For a missing table the error says which model fills it.
  await allInOrder(resolved.sources.map((source) => bindSource(source, { ...job, reader: model.name })));
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
