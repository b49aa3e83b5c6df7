import type { Socket } from "node:net";
import type pg from "pg";
import { Database, type DatabaseClient, type DatabaseOptions } from "../../src/database/connect.ts";

/** When a process dies: before a statement is sent, or after it was carried out and before anybody knows. */
export interface Death {
  readonly statement: number;
  readonly moment: "before" | "after";
}

/**
 * A database of a process that dies at a given statement: all its connections go, so that the server rolls back what
 * was not committed, and no further statement of this process reaches it.
 */
export class MortalDatabase extends Database {
  readonly #clients = new Set<pg.Client>();
  readonly #kill: (() => void) | undefined;
  #death: Death | undefined;
  #statements = 0;
  #isDead = false;

  /** `kill` ends the process for real; without it only its connections end. */
  constructor(options: DatabaseOptions, kill?: () => void) {
    super(options);
    this.#kill = kill;
    this.pool.on("connect", (client) => this.#watch(client as unknown as pg.Client));
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Statements since the last call of `dieAt`. */
  get statements(): number {
    return this.#statements;
  }

  /** Counts from here on. */
  dieAt(death: Death | undefined): void {
    this.#statements = 0;
    this.#death = death;
  }

  override async connect(): Promise<DatabaseClient> {
    if (this.#isDead) throw died();
    const client = await super.connect();
    if (!this.#isDead) return client;
    client.release(died());
    throw died();
  }

  #watch(client: pg.Client): void {
    this.#clients.add(client);
    client.once("end", () => this.#clients.delete(client));
    const query = client.query.bind(client) as (...given: unknown[]) => unknown;
    const mortal = (...given: unknown[]): unknown => {
      if (this.#isDead) return query(...given);
      this.#statements += 1;
      if (this.#statements !== this.#death?.statement) return query(...given);
      const result = this.#death.moment === "after" ? query(...given) : undefined;
      if (!(result instanceof Promise)) {
        this.#die();
        return result ?? query(...given);
      }
      return result.then(
        () => this.#dieLoudly(),
        () => this.#dieLoudly(),
      );
    };
    Object.assign(client, { query: mortal });
  }

  #dieLoudly(): never {
    this.#die();
    throw died();
  }

  #die(): void {
    this.#kill?.();
    this.#isDead = true;
    for (const client of this.#clients)
      (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
  }
}

const died = () => new Error("this process has died");
