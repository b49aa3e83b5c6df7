import { LEASE_SECONDS } from "../core/lease-seconds.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import { renewLeases } from "./lease.ts";

/**
 * Shows other processes that this one is alive: a connection that stays open, over which its leases are renewed.
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

  // A busy server may answer only after the next beat is due, and a connection takes one query at a time.
  #beatOnce(): void {
    this.#beating ??= this.#beat().finally(() => (this.#beating = undefined));
  }

  async #beat(): Promise<void> {
    try {
      this.#client ??= await this.#database.connect();
      await renewLeases(this.#client, { system: this.#database.systemSchema, executorId: this.#executorId });
    } catch (error) {
      // The server is away. The next beat connects again; until then writes fail by themselves.
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
