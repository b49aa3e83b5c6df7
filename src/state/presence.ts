import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { LEASE_SECONDS } from "../core/lease-seconds.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";

/** A name for this process that no other has, readable in `pg_stat_activity`. */
export function createExecutorId(): string {
  return `${hostname().slice(0, 24)}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

export function applicationName(executorId: string): string {
  return `millrace ${executorId}`;
}

/** SQL that is true while the process that calls itself `executorId` has a connection. */
export function isAliveSql(executorId: string): string {
  return `exists (select from pg_stat_activity where application_name = 'millrace ' || ${executorId})`;
}

/** The status of a row of `run`: a running one whose process is gone is `interrupted`. */
export const runStatusSql = `case when run.status = 'running' and not ${isAliveSql("run.executor_id")} then 'interrupted' else run.status end`;

/** When a run ended, as far as it has: of an interrupted one, when it was last heard of. */
export const runEndSql = (system: string): string => `coalesce(run.finished_at,
  case when ${isAliveSql("run.executor_id")} then now() end,
  (select (event ->> 'at')::timestamptz from ${system}.run_event e where e.run_id = run.run_id order by id desc limit 1),
  run.started_at)`;

/**
 * Shows the other processes that this one lives: a connection that stays open, over which its leases are renewed.
 * When the process dies, the connection goes with it and its work can be taken over at once.
 */
export class Presence implements AsyncDisposable {
  readonly #database: Database;
  readonly #executorId: string;
  readonly #timer: NodeJS.Timeout;
  #client: DatabaseClient | undefined;
  #beating: Promise<void> | undefined;

  private constructor(database: Database, executorId: string) {
    this.#database = database;
    this.#executorId = executorId;
    this.#timer = setInterval(() => this.#beatOnce(), (LEASE_SECONDS * 1_000) / 6);
    this.#timer.unref();
  }

  static async open(database: Database, executorId: string): Promise<Presence> {
    const presence = new Presence(database, executorId);
    presence.#client = await database.connect();
    return presence;
  }

  // A server with much to do answers later than the next beat is due; a connection takes one query at a time.
  #beatOnce(): void {
    this.#beating ??= this.#beat().finally(() => (this.#beating = undefined));
  }

  async #beat(): Promise<void> {
    try {
      this.#client ??= await this.#database.connect();
      await this.#client.query(
        `update ${this.#database.systemSchema}.model_lease set expires_at = now() + make_interval(secs => $2) where executor_id = $1`,
        [this.#executorId, LEASE_SECONDS],
      );
    } catch (error) {
      // The server is away. The next beat connects anew; until then writes fail by themselves.
      this.#client?.release(error as Error);
      this.#client = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    this.#client?.release();
    this.#client = undefined;
  }
}
