import { type SQL, sql } from "drizzle-orm";
import type { ErrorJson } from "../core/errors.ts";
import { storableJson } from "../core/json.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import type { RowCounts } from "../table/write/apply-stage.ts";
import { modelUsageSql } from "./usage.ts";
import type { Receipt, RunStatus } from "./results.ts";
import { Parameters } from "../database/sql-text.ts";
import type { TestCounts } from "../data-tests/test-result.ts";
import { inRunSql, plannedModelsSql } from "./run-store.ts";
import { quarantinedSql } from "./unit-state.ts";

type Client = Pick<DatabaseClient, "query">;

/** One model of a run as it is shown. */
export interface ModelRunRecord {
  readonly model: string;
  readonly status: Receipt["status"] | "running" | "waiting" | "interrupted";
  readonly unitsTotal: number | null;
  readonly unitsDone: number;
  readonly unitsFailed: number;
  readonly rowsWritten: number;
  readonly rowsDeleted: number;
  readonly rowsUnchanged: number;
  readonly durationMs: number | null;
  readonly error: ErrorJson | null;
  /** There when its tests have run. */
  readonly tests?: TestCounts;
}

/** The right to write a model's rows, as far as its end needs it. */
export interface HeldLease {
  readonly model: string;
  /** A statement that deletes one row, or none when the lease is lost. */
  releaseSql(parameters: Parameters): string;
  lost(): Error;
}

export interface FinishModelOptions {
  readonly runId: string;
  readonly lease: HeldLease;
  readonly outcome: Receipt;
  /** Rows that have not been counted with their units. */
  readonly rows: RowCounts;
  /** Parts of a `with` that store the one unit of a model that writes its whole table, in the same statement. */
  readonly recordWholeSql?: ((parameters: Parameters) => string) | undefined;
}

/** A model in a run. */
interface ModelRunKey {
  readonly runId: string;
  readonly model: string;
}

/** The `model_run` table: how far each model of a run is, and how it ended. */
export class ModelRunStore {
  readonly #database: Database;
  readonly #table: string;

  constructor(database: Database) {
    this.#database = database;
    this.#table = modelRunTable(database.systemSchema);
  }

  /** All models of a run, in its order. */
  async list(runId: string): Promise<readonly ModelRunRecord[]> {
    const rows = await this.#database.query<ModelRunRow>(
      `select planned.name as model, m.started_at is not null as has_started, m.units_total,
         coalesce(m.units_done, 0) as units_done, coalesce(m.units_failed, 0) as units_failed,
         coalesce(m.rows_written, 0) as rows_written, coalesce(m.rows_deleted, 0) as rows_deleted,
         coalesce(m.rows_unchanged, 0) as rows_unchanged,
         extract(epoch from coalesce(m.finished_at, greatest(m.started_at, planned.run_end)) - m.started_at) * 1000 as duration,
         planned.run_status, coalesce(planned.receipt, m.receipt) as receipt
       from ${plannedModelsSql(this.#database.systemSchema, "$1")} as planned
       left join ${this.#table} as m on m.run_id = planned.run_id and m.model = planned.name
       order by planned.position`,
      [runId],
    );
    return rows.map((row) => ({
      model: row.model,
      status: row.receipt?.status ?? (row.has_started ? unfinished(row.run_status) : "waiting"),
      unitsTotal: row.units_total === null ? null : Number(row.units_total),
      unitsDone: Number(row.units_done),
      unitsFailed: Number(row.units_failed),
      rowsWritten: Number(row.rows_written),
      rowsDeleted: Number(row.rows_deleted),
      rowsUnchanged: Number(row.rows_unchanged),
      durationMs: row.duration === null ? null : Number(row.duration),
      error: row.receipt?.error ?? null,
      ...(row.receipt?.tests === undefined ? {} : { tests: row.receipt.tests }),
    }));
  }

  /** The given models run again, and go on counting. */
  async reopen(client: Client, runId: string, models: readonly string[]): Promise<void> {
    await client.query(
      `update ${this.#table} set receipt = null, finished_at = null, units_failed = 0 where run_id = $1 and model = any($2)`,
      [runId, models],
    );
  }

  /** So many units are left to be processed. */
  async setUnitsLeft({ runId, model }: ModelRunKey, left: number): Promise<void> {
    await this.#database.query(
      `update ${this.#table} set units_total = units_done + units_failed + $3 where run_id = $1 and model = $2`,
      [runId, model, left],
    );
  }

  /** Counts units and rows in the transaction that writes them, so that a receipt is right after any crash. */
  async addCounts(
    client: Client,
    { runId, model }: ModelRunKey,
    counts: RowCounts & { readonly unitsDone: number; readonly unitsFailed: number; readonly unitsTotal?: number },
  ): Promise<void> {
    const parameters = new Parameters();
    const increased = (column: string, by: number) => `${column} = ${column} + ${parameters.add(by)}`;
    const { unitsTotal } = counts;
    const changes = [
      ...(unitsTotal === undefined ? [] : [`units_total = ${parameters.add(unitsTotal)}`]),
      increased("units_done", counts.unitsDone),
      increased("units_failed", counts.unitsFailed),
      increased("rows_written", counts.rowsWritten),
      increased("rows_deleted", counts.rowsDeleted),
      increased("rows_unchanged", counts.rowsUnchanged),
    ];
    await client.query(
      `update ${this.#table} set ${changes.join(", ")} where run_id = ${parameters.add(runId)} and model = ${parameters.add(model)}`,
      parameters.values,
    );
  }

  /** Adds to a model's receipt how its tests ended. */
  async setTests({ runId, model }: ModelRunKey, tests: TestCounts): Promise<void> {
    await this.#database.query(
      `update ${this.#table} set receipt = receipt || jsonb_build_object('tests', $3::jsonb) where run_id = $1 and model = $2`,
      [runId, model, JSON.stringify(tests)],
    );
  }

  /** What is stored of these models in a run: null for one that has begun and not ended. */
  async receipts(runId: string, models: readonly string[]): Promise<ReadonlyMap<string, Receipt | null>> {
    const rows = await this.#database.query<{ model: string; receipt: Receipt | null }>(
      `select model, receipt from ${this.#table} where run_id = $1 and model = any($2)`,
      [runId, models],
    );
    return new Map(rows.map(({ model, receipt }) => [model, receipt]));
  }

  /** Stores the ends of models that had nothing to do. One that begins meanwhile stays as it is, and is left out. */
  async finishIdle(
    runId: string,
    ends: readonly { readonly model: string; readonly receipt: Receipt }[],
  ): Promise<ReadonlyMap<string, Receipt>> {
    if (ends.length === 0) return new Map();
    const system = this.#database.systemSchema;
    const quarantined = quarantinedSql(system, "m.model", (documentId) => inRunSql(system, "$1", documentId));
    const rows = await this.#database.query<{ model: string; receipt: Receipt }>(
      `insert into ${this.#table} (run_id, model, finished_at, receipt)
       select $1, m.model, now(), m.receipt || ${withQuarantined("m.receipt ->> 'status'", "m.quarantined")}
       from (select model, receipt, ${quarantined} as quarantined
             from jsonb_to_recordset($2) as m (model text, receipt jsonb)) m
       on conflict (run_id, model) do nothing returning model, receipt`,
      [runId, JSON.stringify(ends)],
    );
    return new Map(rows.map(({ model, receipt }) => [model, receipt]));
  }

  /**
   * Stores a model's receipt, with what was counted in all attempts of the run, and gives the lease back. Both or
   * neither: without the lease nothing is stored. In a transaction it commits with the model's rows.
   */
  async finish(client: Client, options: FinishModelOptions): Promise<Receipt> {
    const { runId, lease, outcome, rows, recordWholeSql } = options;
    const system = this.#database.systemSchema;
    const parameters = new Parameters();
    const run = parameters.add(runId);
    const model = parameters.add(lease.model);
    const receipt = `${parameters.add(storableJson(outcome))}::jsonb`;
    const written = `rows_written + ${parameters.add(rows.rowsWritten)}`;
    const deleted = `rows_deleted + ${parameters.add(rows.rowsDeleted)}`;
    const unchanged = `rows_unchanged + ${parameters.add(rows.rowsUnchanged)}`;
    const whole = recordWholeSql?.(parameters);
    const quarantined =
      whole === undefined ? quarantinedSql(system, model, (documentId) => inRunSql(system, run, documentId)) : "0";
    const { rows: stored } = await client.query<{ receipt: Receipt }>({
      // Planned once for each connection.
      name: whole === undefined ? "finish model" : "finish whole model",
      text: `with ${whole === undefined ? "" : `${whole},`}
         returned as (${lease.releaseSql(parameters)} returning 1)
       update ${this.#table} set finished_at = now(),
         rows_written = ${written}, rows_deleted = ${deleted}, rows_unchanged = ${unchanged},
         receipt = ${receipt} || jsonb_build_object('unitsDone', units_done, 'unitsFailed', units_failed,
           'rowsWritten', ${written}, 'rowsDeleted', ${deleted}, 'rowsUnchanged', ${unchanged},
           'usage', ${modelUsageSql(system, { run, model })}) || ${withQuarantined(`${receipt} ->> 'status'`, quarantined)}
       where run_id = ${run} and model = ${model} and exists (select from returned) returning receipt`,
      values: parameters.values,
    });
    if (stored[0] === undefined) throw lease.lost();
    return stored[0].receipt;
  }
}

const modelRunTable = (system: string) => `${system}.model_run`;

/**
 * A statement that opens the records of models in runs, given by a query of both, and returns their receipts. One that
 * has ended stays as it is; its receipt says so.
 */
export const openModelRunSql = (system: string, runsAndModels: string): string =>
  `insert into ${modelRunTable(system)} as record (run_id, model) ${runsAndModels}
   on conflict (run_id, model) do update
   set finished_at = case when record.receipt is null then null else record.finished_at end,
       started_at = case when record.receipt is null then now() else record.started_at end
   returning receipt`;

/** Ids of the runs that have written a model since the latest of `runs`, that one included; all of them without any. */
export function writtenSinceSql(system: string, model: string, runs: SQL): SQL {
  const table = sql.raw(modelRunTable(system));
  return sql`select run_id from ${table} where model = ${model} and started_at >= coalesce(
    (select max(started_at) from ${table} where model = ${model} and run_id in (${runs})), '-infinity')`;
}

/** SQL of what quarantined units add to a receipt: a model that has some has not succeeded, however often it runs. */
const withQuarantined = (status: string, quarantined: string): string =>
  `jsonb_build_object('unitsQuarantined', ${quarantined},
    'status', case when ${quarantined} > 0 and ${status} = 'succeeded' then 'partial' else ${status} end)`;

// The model has begun but not ended; its run knows why.
function unfinished(run: RunStatus): ModelRunRecord["status"] {
  return run === "running" || run === "interrupted" ? run : "cancelled";
}

interface ModelRunRow extends Record<string, unknown> {
  model: string;
  has_started: boolean;
  run_status: RunStatus;
  units_total: string | null;
  units_done: string;
  units_failed: string;
  rows_written: string;
  rows_deleted: string;
  rows_unchanged: string;
  duration: string | null;
  receipt: Receipt | null;
}
