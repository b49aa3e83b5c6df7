import Cursor from "pg-cursor";
import type { DatabaseClient } from "../../database/connect.ts";

/** A read as SQL text and its parameters. */
export interface ReadQuery {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

interface Batch {
  readonly rows: readonly (readonly unknown[])[];
  readonly names: readonly string[];
}

/** Sends a query whose rows are fetched in pieces; `close` gives the connection free again. */
export function openCursor(
  client: DatabaseClient,
  { text, parameters }: ReadQuery,
): { read(size: number): Promise<Batch>; close(): Promise<void> } {
  const cursor = client.query(new Cursor<unknown[]>(text, [...parameters], { rowMode: "array" }));
  let names: readonly string[] | undefined;
  let hasFailed = false;
  const connection = new Watched(client);
  return {
    read: (size) =>
      connection.use((resolve, reject) => {
        cursor.read(size, (error, rows, result) => {
          hasFailed ||= Boolean(error);
          if (error) return reject(error);
          names ??= result.fields.map((field) => field.name);
          resolve({ rows, names });
        });
      }),
    async close() {
      // The server closes what has failed.
      if (!hasFailed) await connection.use<void>((resolve, reject) => void cursor.close().then(resolve, reject));
      connection.leave();
    },
  };
}

/**
 * A connection that may be lost. At the end of a cursor's rows the driver would then wait for the server's word for ever.
 * One promise for all waits, to race with, would keep every batch that was ever read.
 */
class Watched {
  readonly #client: DatabaseClient;
  readonly #onEnd = () => {
    this.#loss = new Error("Connection terminated unexpectedly");
    this.#reject?.(this.#loss);
  };
  #loss: Error | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(client: DatabaseClient) {
    this.#client = client;
    client.once("end", this.#onEnd);
  }

  /** Like a new promise, which rejects when the connection is lost; one at a time. */
  async use<Value>(work: (resolve: (value: Value) => void, reject: (error: unknown) => void) => void): Promise<Value> {
    if (this.#loss !== undefined) throw this.#loss;
    try {
      return await new Promise<Value>((resolve, reject) => {
        this.#reject = reject;
        work(resolve, reject);
      });
    } finally {
      this.#reject = undefined;
    }
  }

  leave(): void {
    this.#client.off("end", this.#onEnd);
  }
}
