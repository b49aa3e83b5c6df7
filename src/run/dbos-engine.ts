import { AsyncResource } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { DBOS, type WorkflowHandle } from "@dbos-inc/dbos-sdk";
import type pg from "pg";
import { errorToJson, MillraceError } from "../core/errors.ts";
import { type Database, quoteName } from "../database/connect.ts";
import { ensureSchema } from "../database/ensure-schema.ts";
import { isConnectionLoss } from "../database/server-error.ts";
import type { Engine, EngineHost, LaunchEngine } from "./engine.ts";
import { mayBeIdle, mayStart, type ModelOutcome, reasonToSkip, type Schedule } from "./schedule.ts";
import type { Receipt } from "../state/results.ts";

/** Changes only when the steps of the two workflows below do; runs of another protocol are not taken over. */
const PROTOCOL = "3";

/** Attempts to store the end of a run while the database is away; the waits between start at one second and double. */
const FINISH_ATTEMPTS = 6;

/** How long another process may take to start its engine before the message names it. */
const LAUNCH_MS = 30_000;

let host: EngineHost | undefined;

const requireHost = (): EngineHost => {
  if (host === undefined) throw new MillraceError("ENGINE_CLOSED", "The engine of this process is closed.");
  return host;
};

async function modelWorkflow(runId: string, model: string): Promise<Receipt> {
  const engineHost = requireHost();
  const step = async () => {
    const status = DBOS.stepStatus;
    return requireHost().runModel(runId, model, {
      attempt: status?.currentAttempt ?? 1,
      signal: status?.cancelSignal ?? new AbortController().signal,
    });
  };
  try {
    return await DBOS.runStep(step, {
      name: "run",
      retriesAllowed: true,
      ...engineHost.retryOf(runId, model),
      shouldRetry: (error) => requireHost().shouldRetry(runId, model, error),
    });
  } catch (error) {
    throw lastAttempt(error);
  }
}

// Show the error of the last try instead of the message that all tries failed.
function lastAttempt(error: unknown): unknown {
  const { errors } = error as { errors?: unknown };
  return Array.isArray(errors) && errors.length > 0 ? (errors.at(-1) as unknown) : error;
}

/**
 * Starts every model as soon as its own upstreams are done, except those that have nothing to do: they are ended together,
 * in one step. Which of several models finished next is itself a recorded step: a replay after a crash makes the same
 * decisions, whatever finishes first then.
 */
async function runWorkflow(graph: Schedule): Promise<string> {
  const runId = DBOS.workflowID ?? "";
  const outcomes = new Map<string, ModelOutcome>();
  const running = new Map<string, WorkflowHandle<Receipt>>();
  const settle = (outcome: ModelOutcome) => {
    outcomes.set(outcome.model, outcome);
    requireHost().onOutcome(runId, outcome);
  };
  const start = async (name: string) => {
    const params = { workflowID: `${runId}/${name}` };
    running.set(name, await DBOS.startWorkflow(modelWorkflowRegistered, params)(runId, name));
  };
  for (;;) {
    const idle: string[] = [];
    for (const model of graph.models) {
      const { name, upstreams } = model;
      if (outcomes.has(name) || running.has(name)) continue;
      const reason = reasonToSkip(upstreams, outcomes, graph.stopOnError);
      if (reason !== undefined) settle({ model: name, skipped: reason });
      else if (!mayStart(model, outcomes)) continue;
      else if (graph.mode === "delta" && mayBeIdle(model, graph.models, outcomes)) idle.push(name);
      else await start(name);
    }
    if (idle.length > 0) {
      const ended = await DBOS.runStep(() => requireHost().settle(runId, idle), { name: "settle" });
      ended.forEach(settle);
      for (const name of idle) if (!outcomes.has(name)) await start(name);
      if (ended.length > 0) continue;
    }
    if (running.size === 0) break;
    const next = (await outcomeOfOne(running)) ?? (await DBOS.runStep(() => firstOutcome(running), { name: "next" }));
    running.delete(next.model);
    settle(next);
  }
  const status = await DBOS.runStep(() => requireHost().finishRun(runId), {
    name: "finish",
    retriesAllowed: true,
    maxAttempts: FINISH_ATTEMPTS,
    shouldRetry: isConnectionLoss,
  });
  if (status !== "succeeded")
    throw Object.assign(new Error(`run ${runId} ended ${status}`), {
      name: "RunError",
      code: `RUN_${status.toUpperCase()}`,
    });
  return status;
}

// Of one model that runs alone there is nothing to decide, and that it has succeeded is recorded with it: recording both
// once more would take as long as a third of what the engine does for a model. How it failed is kept by a step.
async function outcomeOfOne(running: ReadonlyMap<string, WorkflowHandle<Receipt>>): Promise<ModelOutcome | undefined> {
  const [first, ...others] = running;
  if (first === undefined || others.length > 0) return undefined;
  const [model, handle] = first;
  try {
    return {
      model,
      receipt: await outsideWorkflows.runInAsyncScope(() => handle.getResult({ pollingIntervalMs: 50 })),
    };
  } catch {
    return undefined;
  }
}

// DBOS does not record what is awaited here.
const outsideWorkflows = new AsyncResource("millrace");

function firstOutcome(running: ReadonlyMap<string, WorkflowHandle<Receipt>>): Promise<ModelOutcome> {
  return Promise.race(
    [...running].map(async ([model, handle]): Promise<ModelOutcome> => {
      try {
        return { model, receipt: await handle.getResult({ pollingIntervalMs: 50 }) };
      } catch (error) {
        return { model, error: errorToJson(error) };
      }
    }),
  );
}

const modelWorkflowRegistered = DBOS.registerWorkflow(modelWorkflow, {
  name: "millrace.model",
  maxRecoveryAttempts: 5,
});
const runWorkflowRegistered = DBOS.registerWorkflow(runWorkflow, { name: "millrace.run", maxRecoveryAttempts: 5 });

/** Creates the engine's tables, so that a first launch need not. */
export async function migrateEngine(database: Database): Promise<void> {
  await DBOS.migrate(database.url, { schemaName: database.engineSchema });
}

/** DBOS, as far as Millrace uses it. One per process: DBOS itself is global. */
export class DbosEngine implements Engine {
  readonly #pool: pg.Pool;

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  static async launch(options: Parameters<LaunchEngine>[0]): Promise<DbosEngine> {
    if (host !== undefined) {
      throw new MillraceError("ENGINE_IN_USE", "This process already has an open project that runs pipelines.", {
        hint: "Close it first: `await using project = await openProject()` does so by itself.",
      });
    }
    host = options.host;
    const pool = options.database.createPool(10);
    DBOS.setConfig({
      name: "millrace",
      systemDatabasePool: pool,
      systemDatabaseSchemaName: options.database.engineSchema,
      executorID: options.executorId,
      applicationVersion: PROTOCOL,
      useListenNotify: false,
      listenQueues: [],
      serializer: { name: () => "json", parse: parseJson, stringify: (value) => JSON.stringify(value) ?? "null" },
      logger: quietLogger,
    });
    const engine = new DbosEngine(pool);
    try {
      await launchAlone(pool, options.database.engineSchema);
      return engine;
    } catch (thrown) {
      await engine[Symbol.asyncDispose]();
      const error = options.database.explain(withinDbosError(thrown));
      if (error instanceof MillraceError) throw error;
      throw new MillraceError(
        "ENGINE_FAILED",
        `The engine could not start: ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
          isRetryable: true,
          hint: "Check that the database's role may create schemas and tables; `millrace doctor` checks the rest.",
        },
      );
    }
  }

  async run(runId: string, graph: Schedule): Promise<void> {
    const handle = await DBOS.startWorkflow(runWorkflowRegistered, { workflowID: runId })(graph);
    await handle.getResult({ pollingIntervalMs: 50 });
  }

  async cancel(runId: string): Promise<void> {
    await DBOS.cancelWorkflow(runId, { cancelChildren: true });
  }

  async forget(runId: string, models: readonly string[]): Promise<void> {
    const prefix = `${runId}/`;
    const known = await DBOS.listWorkflows({ workflow_id_prefix: prefix, loadInput: false, loadOutput: false });
    // A model can have finished while its run was cancelled or killed, before the engine wrote it down.
    const unfinished = known.filter(({ status }) => status !== "SUCCESS").map(({ workflowID }) => workflowID);
    const again = models.map((model) => `${prefix}${model}`);
    await DBOS.deleteWorkflows([...new Set([runId, ...again, ...unfinished])]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await DBOS.shutdown({ workflowCompletionTimeoutMS: 1_000 });
    await this.#pool.end();
    host = undefined;
  }
}

// DBOS creates its tables at the first launch, and two processes that do so at once end in a deadlock. The lock is asked
// for again and again: a session that waits for it would be waited for by DBOS's concurrent index builds.
async function launchAlone(pool: pg.Pool, schema: string): Promise<void> {
  const client = await pool.connect();
  try {
    for (const startedMs = performance.now(); !(await isLocked(client)); await sleep(20))
      if (performance.now() - startedMs > LAUNCH_MS) throw await launchBusy(client);
    await prepareSchema(client, schema);
    await DBOS.launch();
  } finally {
    // A lost connection has released its lock.
    const unlocked = client.query("select pg_advisory_unlock(hashtext('millrace engine'))");
    await unlocked.then(
      () => client.release(),
      (error: Error) => client.release(error),
    );
  }
}

// The first step of DBOS's schema needs the right to create one, even where the schema already exists, so it is
// recorded as done.
async function prepareSchema(client: pg.PoolClient, name: string): Promise<void> {
  const { mayCreate } = await ensureSchema(client, name);
  const versions = `${quoteName(name)}.dbos_migrations`;
  const { rows } = await client.query<{ isNew: boolean }>('select to_regclass($1) is null as "isNew"', [versions]);
  if (mayCreate || rows[0]?.isNew !== true) return;
  await client.query(
    `create table ${versions} (version bigint primary key); insert into ${versions} (version) values (1)`,
  );
}

async function launchBusy(client: pg.PoolClient): Promise<MillraceError> {
  const { rows } = await client.query<{ pid: number; name: string; host: string | null }>(
    `select a.pid, a.application_name as name, host(a.client_addr) as host from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
       and ((l.classid::bigint << 32) | l.objid::bigint) = hashtext('millrace engine')::bigint limit 1`,
  );
  const [holder] = rows;
  const who =
    holder === undefined
      ? "another session"
      : `session ${holder.pid} ("${holder.name}"${holder.host === null ? "" : `, ${holder.host}`})`;
  return new MillraceError(
    "ENGINE_FAILED",
    `The engine could not be started: ${who} has been starting one for ${LAUNCH_MS / 1_000} s.`,
    {
      isRetryable: true,
      hint: `Wait for it, or end it: \`select pg_terminate_backend(${holder?.pid ?? "pid"})\`.`,
    },
  );
}

// DBOS keeps the original error of its launch in a property of its own.
const withinDbosError = (error: unknown): unknown =>
  (error instanceof Error && "error" in error ? error.error : undefined) ?? error;

async function isLocked(client: pg.PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    "select pg_try_advisory_lock(hashtext('millrace engine')) as locked",
  );
  return rows[0]?.locked === true;
}

const parseJson = (text: string | null | undefined): unknown =>
  text === null || text === undefined ? null : JSON.parse(text);

// DBOS reports every failing step; Millrace reports it once, in its own words. MILLRACE_DEBUG=dbos shows both.
const isDebugging = process.env["MILLRACE_DEBUG"] === "dbos";
const write = (entry: unknown) => {
  if (isDebugging) console.error(entry);
};
const quietLogger = { info: write, debug: () => undefined, warn: write, error: write };
