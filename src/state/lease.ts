import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { MillraceError } from "../core/errors.ts";
import { LEASE_SECONDS } from "../core/lease-seconds.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import { Parameters } from "../database/sql-text.ts";
import { isAliveSql } from "./executor-id.ts";
import { type HeldLease, openModelRunSql } from "./model-run-store.ts";
import type { Receipt } from "./results.ts";

export interface LeaseHolder {
  readonly runId: string;
  readonly executorId: string;
}

export interface LeaseRequest extends LeaseHolder {
  readonly database: Database;
  readonly model: string;
  /** False: give up at once when another run holds the model. */
  readonly wait: boolean;
  readonly signal: AbortSignal;
  readonly onWaiting: (holder: LeaseHolder) => void;
}

/**
 * The right to write one model's rows. At most one process has it; every write transaction checks it. Taking it also
 * opens the model's record in the run.
 */
export class Lease implements HeldLease {
  readonly model: string;
  readonly #token: string;
  /** Receipt of an earlier attempt of the same run that got to its end: there is nothing left to do. */
  readonly receipt: Receipt | undefined;
  /** The holder before did not give it back: what it left behind is to be cleared away. */
  readonly isTakeover: boolean;
  readonly #database: Database;

  private constructor(database: Database, model: string, token: string, taken: Taken) {
    this.receipt = taken.receipt ?? undefined;
    this.isTakeover = taken.is_takeover;
    this.#database = database;
    this.model = model;
    this.#token = token;
  }

  /** Takes the lease, waiting for the run that has it; a holder that died or fell silent is replaced. */
  static async take(request: LeaseRequest): Promise<Lease> {
    const { database, model, signal } = request;
    const token = randomUUID();
    let isAnnounced = false;
    for (;;) {
      signal.throwIfAborted();
      // The liveness check is the expensive part and rarely needed, so try without it first.
      const taken = (await tryTake(request, token)) ?? (await tryTake(request, token, { replaceDead: true }));
      if (taken !== undefined) return new Lease(database, model, token, taken);
      const holder = await findHolder(database, model);
      if (holder === undefined) continue;
      if (!request.wait) throw busy(model, holder);
      if (!isAnnounced) request.onWaiting(holder);
      isAnnounced = true;
      await sleep(200, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Fails the transaction of a process that has lost its lease, before anything is written. */
  async assertHeld(client: DatabaseClient): Promise<void> {
    const { rowCount } = await client.query(
      `select from ${this.#database.systemSchema}.model_lease where model = $1 and token = $2 for share`,
      [this.model, this.#token],
    );
    if (rowCount !== 1) throw this.lost();
  }

  async release(): Promise<void> {
    const parameters = new Parameters();
    await this.#database.query(this.releaseSql(parameters), parameters.values);
  }

  /** Gives the lease back; deletes nothing where another process has taken it over. */
  releaseSql(parameters: Parameters): string {
    return `delete from ${this.#database.systemSchema}.model_lease where model = ${parameters.add(this.model)} and token = ${parameters.add(this.#token)}`;
  }

  lost(): MillraceError {
    return new MillraceError(
      "LEASE_LOST",
      `Another run took over model "${this.model}" while this process did not respond; nothing more is written here.`,
      { hint: "`millrace runs ls` shows the run that took over." },
    );
  }
}

/** Shows that this process still works on the models it holds. */
export async function renewLeases(
  client: Pick<DatabaseClient, "query">,
  { system, executorId }: { readonly system: string; readonly executorId: string },
): Promise<void> {
  await client.query(
    `update ${system}.model_lease set expires_at = now() + make_interval(secs => $2) where executor_id = $1`,
    [executorId, LEASE_SECONDS],
  );
}

/** The run that is writing a model right now, in a process that is alive. */
export async function findWriter(
  client: Pick<DatabaseClient, "query">,
  { system, model }: { readonly system: string; readonly model: string },
): Promise<string | undefined> {
  const { rows } = await client.query<{ run_id: string }>(
    `select run_id from ${system}.model_lease where model = $1 and expires_at > now() and ${isAliveSql("executor_id")}`,
    [model],
  );
  return rows[0]?.run_id;
}

interface Taken {
  /** Receipt of an earlier attempt of the same run that got to its end. */
  readonly receipt: Receipt | null;
  readonly is_takeover: boolean;
}

// One statement, and so one commit, with a name, so that a connection plans it once: a model that does nothing should
// cost next to nothing.
async function tryTake(
  { database, model, runId, executorId }: LeaseRequest,
  token: string,
  { replaceDead = false } = {},
): Promise<Taken | undefined> {
  const { systemSchema: system } = database;
  const isHolderDead = replaceDead ? `not ${isAliveSql("lease.executor_id")}` : "false";
  // A server that crashes right away may lose the lease with its holders' connections; nobody else can guess its token.
  const text = `with quiet as (
       select set_config('synchronous_commit', 'off', true)
     ), taken as (
       insert into ${system}.model_lease as lease (model, token, run_id, executor_id, expires_at)
       values ($1, $2, $3, $4, now() + make_interval(secs => $5))
       on conflict (model) do update
       set token = excluded.token, run_id = excluded.run_id, executor_id = excluded.executor_id,
           acquired_at = now(), expires_at = excluded.expires_at
       where lease.expires_at < now()
          or (lease.run_id = $3 and lease.executor_id = $4)
          or ${isHolderDead}
       returning xmax::text <> '0' as is_takeover
     ), opened as (
       ${openModelRunSql(system, "select $3, $1 from taken")}
     )
     select is_takeover, receipt from taken cross join opened cross join quiet`;
  const name = replaceDead ? undefined : "take lease";
  const values = [model, token, runId, executorId, LEASE_SECONDS];
  const { rows } = await database.use((client) => client.query<Taken>({ name, text, values }));
  return rows[0];
}

async function findHolder(database: Database, model: string): Promise<LeaseHolder | undefined> {
  const [row] = await database.query<{ run_id: string; executor_id: string }>(
    `select run_id, executor_id from ${database.systemSchema}.model_lease where model = $1`,
    [model],
  );
  return row === undefined ? undefined : { runId: row.run_id, executorId: row.executor_id };
}

function busy(model: string, holder: LeaseHolder): MillraceError {
  return new MillraceError(
    "MODEL_BUSY",
    `Model "${model}" is being written by run ${holder.runId} (${holder.executorId}).`,
    {
      details: { ...holder },
      hint: "Wait for that run to end, or leave out --no-wait to wait here.",
    },
  );
}
