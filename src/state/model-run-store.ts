import type { ErrorJson } from "../core/errors.ts";
import { storableJson } from "../core/json.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import type { RowCounts } from "../table/write/apply-stage.ts";
import { runEndSql, runStatusSql } from "./presence.ts";
import { type Lease, leaseLost } from "./lease.ts";
import { modelUsageSql } from "./usage.ts";
import type { Receipt, RunStatus, TestCounts } from "./results.ts";
import { Parameters } from "../database/sql-text.ts";

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

export interface FinishModelOptions {
  readonly runId: string;
  readonly lease: Lease;
  readonly outcome: Receipt;
  /** Rows that have not been counted with their units. */
  readonly rows: RowCounts;
  /** Parts of a `with` that store the one unit of a model that writes its whole table, in the same statement. */
  readonly recordWholeSql?: ((parameters: Parameters) => string) | undefined;
}

/** The `model_run` table: how far each model of a run is, and how it ended. */
export class ModelRunStore {
  readonly #database: Database;
  readonly #system: string;

  constructor(database: Database) {
    this.#database = database;
    this.#system = database.systemSchema;
  }

  /** All models of a run, in its order. */
  async list(runId: string): Promise<readonly ModelRunRecord[]> {
    const rows = await this.#database.query<ModelRunRow>(
      `select planned.name as model, m.started_at is not null as has_started, m.units_total,
         coalesce(m.units_done, 0) as units_done, coalesce(m.units_failed, 0) as units_failed,
         coalesce(m.rows_written, 0) as rows_written, coalesce(m.rows_deleted, 0) as rows_deleted,
         coalesce(m.rows_unchanged, 0) as rows_unchanged,
         extract(epoch from coalesce(m.finished_at, greatest(m.started_at, ${runEndSql(this.#system)})) - m.started_at) * 1000 as duration,
         ${runStatusSql} as run_status,
         coalesce(run.result -> 'models' -> planned.name, m.receipt) as receipt
       from ${this.#system}.run as run
       cross join lateral (
         select model ->> 'name' as name, position from jsonb_array_elements(run.models) with ordinality as each (model, position)
       ) as planned
       left join ${this.#system}.model_run as m on m.run_id = run.run_id and m.model = planned.name
       where run.run_id = $1 order by planned.position`,
      [runId],
    );
    return rows.map((row) => ({
      model: row.model,
      status: row.receipt?.status ?? (row.has_started ? unfinished(row.run_status) : "waiting"),
      unitsTotal: row.units_total === null ? null : Number(row.units_total),
      ...readCounts(row),
      durationMs: row.duration === null ? null : Number(row.duration),
      error: row.receipt?.error ?? null,
      ...(row.receipt?.tests === undefined ? {} : { tests: row.receipt.tests }),
    }));
  }

  /** How a model ended in the latest run that had it and has ended. */
  async latest(model: string): Promise<{ readonly runId: string; readonly receipt: Receipt } | undefined> {
    const [row] = await this.#database.query<{ runId: string; receipt: Receipt }>(
      `select run_id as "runId", result -> 'models' -> $1 as receipt from ${this.#system}.run
       where result -> 'models' ? $1 order by started_at desc limit 1`,
      [model],
    );
    return row;
  }

  async setUnitsTotal(runId: string, model: string, added: number): Promise<void> {
    await this.#database.query(
      `update ${this.#system}.model_run set units_total = units_done + units_failed + $3 where run_id = $1 and model = $2`,
      [runId, model, added],
    );
  }

  /** What is stored of these models in a run: null for one that has begun and not ended. */
  async receipts(runId: string, models: readonly string[]): Promise<ReadonlyMap<string, Receipt | null>> {
    const rows = await this.#database.query<{ model: string; receipt: Receipt | null }>(
      `select model, receipt from ${this.#system}.model_run where run_id = $1 and model = any($2)`,
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
    const rows = await this.#database.query<{ model: string; receipt: Receipt }>(
      `insert into ${this.#system}.model_run (run_id, model, finished_at, receipt)
       select $1, m.model, now(), m.receipt || jsonb_build_object('unitsQuarantined',
         (select count(*) from ${this.#system}.unit_state u where u.model = m.model and u.status = 'quarantined'))
       from jsonb_to_recordset($2) as m (model text, receipt jsonb)
       on conflict (run_id, model) do nothing returning model, receipt`,
      [runId, JSON.stringify(ends)],
    );
    return new Map(rows.map(({ model, receipt }) => [model, receipt]));
  }

  /**
   * Stores a model's receipt, with what was counted in all attempts of the run, and gives the lease back. Both or
   * neither: without the lease nothing is stored. In a transaction it commits with the model's rows.
   */
  async finish(client: Pick<DatabaseClient, "query">, options: FinishModelOptions): Promise<Receipt> {
    const { runId, lease, outcome, rows, recordWholeSql } = options;
    const parameters = new Parameters();
    const run = parameters.add(runId);
    const model = parameters.add(lease.model);
    const token = parameters.add(lease.token);
    const receipt = `${parameters.add(storableJson(outcome))}::jsonb`;
    const written = `rows_written + ${parameters.add(rows.rowsWritten)}`;
    const deleted = `rows_deleted + ${parameters.add(rows.rowsDeleted)}`;
    const unchanged = `rows_unchanged + ${parameters.add(rows.rowsUnchanged)}`;
    const whole = recordWholeSql?.(parameters);
    const quarantined = `(select count(*) from ${this.#system}.unit_state u where u.model = ${model} and u.status = 'quarantined')`;
    const { rows: stored } = await client.query<{ receipt: Receipt }>({
      // Planned once for each connection.
      name: whole === undefined ? "finish model" : "finish whole model",
      text: `with ${whole === undefined ? "" : `${whole},`}
         returned as (delete from ${this.#system}.model_lease where model = ${model} and token = ${token} returning 1)
       update ${this.#system}.model_run set finished_at = now(),
         rows_written = ${written}, rows_deleted = ${deleted}, rows_unchanged = ${unchanged},
         receipt = ${receipt} || jsonb_build_object('unitsDone', units_done, 'unitsFailed', units_failed,
           'rowsWritten', ${written}, 'rowsDeleted', ${deleted}, 'rowsUnchanged', ${unchanged},
           'usage', ${modelUsageSql(this.#system, { run, model })},
           'unitsQuarantined', ${whole === undefined ? quarantined : 0})
       where run_id = ${run} and model = ${model} and exists (select from returned) returning receipt`,
      values: parameters.values,
    });
    if (stored[0] === undefined) throw leaseLost(lease.model);
    return stored[0].receipt;
  }
}

// The model has begun and has no end: its run knows why.
function unfinished(run: RunStatus): ModelRunRecord["status"] {
  return run === "running" || run === "interrupted" ? run : "cancelled";
}

interface ModelCounts extends Record<string, unknown> {
  units_done: string;
  units_failed: string;
  rows_written: string;
  rows_deleted: string;
  rows_unchanged: string;
}

function readCounts(row: ModelCounts | undefined) {
  return {
    unitsDone: Number(row?.units_done ?? 0),
    unitsFailed: Number(row?.units_failed ?? 0),
    rowsWritten: Number(row?.rows_written ?? 0),
    rowsDeleted: Number(row?.rows_deleted ?? 0),
    rowsUnchanged: Number(row?.rows_unchanged ?? 0),
  };
}

interface ModelRunRow extends ModelCounts {
  model: string;
  has_started: boolean;
  run_status: RunStatus;
  units_total: string | null;
  duration: string | null;
  receipt: Receipt | null;
}
