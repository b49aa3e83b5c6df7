import { UsageError } from "../core/errors.ts";
import { randomBytes } from "node:crypto";
import { storableJson } from "../core/json.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import { allDocuments, type DocumentFilters, type RunMode } from "../model/context.ts";
import { Parameters } from "../database/sql-text.ts";
import { runEndSql, runStatusSql } from "./run-status.ts";
import type { Receipt, RunResult, RunStatus } from "./results.ts";
import type { RunScope } from "./run-scope.ts";

/** What a run was asked to do: enough to go on with it in another process. */
export interface RunSpec {
  readonly runId: string;
  readonly pipeline: string;
  /** Models with the upstreams they wait for in this run, upstreams first. */
  readonly models: readonly {
    readonly name: string;
    readonly upstreams: readonly string[];
    readonly isView?: boolean;
  }[];
  readonly mode: RunMode;
  readonly filters: DocumentFilters;
  readonly documentIds: readonly string[] | typeof allDocuments;
  readonly settings: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly stopOnError: boolean;
  readonly scope: RunScope;
}

/** A run as it is listed. */
export interface RunRecord {
  readonly runId: string;
  readonly pipeline: string;
  readonly status: RunStatus;
  readonly mode: RunMode;
  readonly models: number;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly durationMs: number;
}

/** The `run` table: what was requested, and the outcome. */
/** SQL that is true for what belongs to the documents of a run; `run` and `documentId` are SQL. */
export const inRunSql = (system: string, run: string, documentId: string): string =>
  `(select r.document_ids is null or ${documentId} = any(r.document_ids) from ${system}.run r where r.run_id = ${run})`;

export class RunStore {
  readonly #database: Database;
  readonly #system: string;

  constructor(database: Database) {
    this.#database = database;
    this.#system = database.systemSchema;
  }

  async insert(spec: RunSpec, executorId: string): Promise<void> {
    const parameters = new Parameters();
    const values = {
      run_id: spec.runId,
      pipeline: spec.pipeline,
      models: JSON.stringify(spec.models),
      mode: spec.mode,
      filters: JSON.stringify(spec.filters),
      document_ids: spec.documentIds === allDocuments ? null : spec.documentIds,
      settings: JSON.stringify(spec.settings),
      metadata: storableJson(spec.metadata),
      stop_on_error: spec.stopOnError,
      scope: JSON.stringify(spec.scope),
      executor_id: executorId,
      status: "running",
    };
    await this.#database.query(
      `insert into ${this.#system}.run (${Object.keys(values).join(", ")})
       values (${Object.values(values)
         .map((value) => parameters.add(value))
         .join(", ")})`,
      parameters.values,
    );
  }

  /**
   * Hands a run that did not succeed to this process. `reopenModels` belongs to the same transaction. False when another
   * process has the run, or has brought it to its end meanwhile: then nothing has changed.
   */
  async reopen(
    runId: string,
    executorId: string,
    reopenModels: (client: DatabaseClient) => Promise<void>,
  ): Promise<boolean> {
    return this.#database.transaction(async (client) => {
      const { rowCount } = await client.query(
        `update ${this.#system}.run as run set status = 'running', executor_id = $2, result = null, finished_at = null
         where run_id = $1 and ${runStatusSql} not in ('running', 'succeeded')`,
        [runId, executorId],
      );
      if (rowCount !== 1) return false;
      await reopenModels(client);
      return true;
    });
  }

  async loadSpec(runId: string): Promise<(RunSpec & { readonly status: RunStatus }) | undefined> {
    const [row] = await this.#database.query<RunRow>(
      `select *, ${runStatusSql} as status from ${this.#system}.run as run where run_id = $1`,
      [runId],
    );
    if (row === undefined) return undefined;
    return {
      runId: row.run_id,
      pipeline: row.pipeline,
      models: row.models,
      mode: row.mode,
      filters: row.filters,
      documentIds: row.document_ids ?? allDocuments,
      settings: row.settings,
      metadata: row.metadata,
      stopOnError: row.stop_on_error,
      scope: row.scope,
      status: row.status,
    };
  }

  async list(options: { readonly limit?: number; readonly runId?: string } = {}): Promise<readonly RunRecord[]> {
    const rows = await this.#database.query<RunRow>(
      `select run_id, pipeline, mode, started_at, finished_at, jsonb_array_length(models) as model_count,
         greatest(0, extract(epoch from ${runEndSql(this.#system)} - started_at)) * 1000 as duration, ${runStatusSql} as status
       from ${this.#system}.run as run where $2::text is null or run_id = $2
       order by started_at desc limit $1`,
      [options.limit ?? 20, options.runId ?? null],
    );
    return rows.map((row) => ({
      runId: row.run_id,
      pipeline: row.pipeline,
      status: row.status,
      mode: row.mode,
      models: row.model_count,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      durationMs: Number(row.duration),
    }));
  }

  /** Runs whose id begins with `prefix`. */
  async findIds(prefix: string): Promise<readonly string[]> {
    const rows = await this.#database.query<{ run_id: string }>(
      `select run_id from ${this.#system}.run where starts_with(run_id, $1) order by started_at desc limit 10`,
      [prefix],
    );
    return rows.map((row) => row.run_id);
  }

  /** Stores how a run ended, unless somebody has ended it before. */
  async finish(result: RunResult): Promise<void> {
    await this.#database.query(
      `update ${this.#system}.run set status = $2, result = $3, finished_at = now() where run_id = $1 and status = 'running'`,
      [result.runId, result.status, storableJson(result)],
    );
  }

  /** Ends a run whose process is gone, as of when it went. */
  async markCancelled(runId: string): Promise<void> {
    await this.#database.query(
      `update ${this.#system}.run as run set status = 'cancelled', finished_at = ${runEndSql(this.#system)} where run_id = $1 and status = 'running'`,
      [runId],
    );
  }

  async loadResult(runId: string): Promise<RunResult | undefined> {
    const [row] = await this.#database.query<{ result: RunResult | null }>(
      `select result from ${this.#system}.run where run_id = $1`,
      [runId],
    );
    return row?.result ?? undefined;
  }

  /** How a model ended in the latest run that had it and has ended. */
  async latestReceipt(model: string): Promise<{ readonly runId: string; readonly receipt: Receipt } | undefined> {
    const [row] = await this.#database.query<{ runId: string; receipt: Receipt }>(
      `select run_id as "runId", result -> 'models' -> $1 as receipt from ${this.#system}.run
       where result -> 'models' ? $1 order by started_at desc limit 1`,
      [model],
    );
    return row;
  }
}

/** SQL of the models of a run in its order, each with the run's status and end, and its receipt once the run has ended. */
export const plannedModelsSql = (system: string, runId: string): string =>
  `(select run.run_id, each.model ->> 'name' as name, each.position, ${runStatusSql} as run_status,
     ${runEndSql(system)} as run_end, run.result -> 'models' -> (each.model ->> 'name') as receipt
   from ${system}.run as run cross join lateral jsonb_array_elements(run.models) with ordinality as each (model, position)
   where run.run_id = ${runId})`;

/** A run's id: when it started, and six characters against coincidence. Short enough to type, sorted by time. */
export function createRunId(now = new Date()): string {
  const stamp = now.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14);
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-${randomBytes(3).toString("hex")}`;
}

export function runNotFound(runId: string): UsageError {
  return new UsageError("RUN_NOT_FOUND", `There is no run "${runId}".`, {
    hint: "`millrace runs ls` shows the runs.",
  });
}

interface RunRow extends Record<string, unknown> {
  run_id: string;
  pipeline: string;
  models: RunSpec["models"];
  model_count: number;
  mode: RunMode;
  filters: DocumentFilters;
  document_ids: string[] | null;
  settings: Record<string, string>;
  metadata: Record<string, unknown>;
  stop_on_error: boolean;
  scope: RunScope;
  status: RunStatus;
  started_at: string;
  finished_at: string | null;
  duration: string;
}
