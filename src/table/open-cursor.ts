import Cursor from "pg-cursor";
import type { DatabaseClient } from "../database/connect.ts";

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
  // On a connection that is lost at the end of its rows the driver would wait for the server's word for ever.
  const loss = watchLoss(client);
  const fetch = (size: number) =>
    new Promise<Batch>((resolve, reject) => {
      cursor.read(size, (error, rows, result) => {
        hasFailed ||= Boolean(error);
        if (error) return reject(error);
        names ??= result.fields.map((field) => field.name);
        resolve({ rows, names });
      });
    });
  return {
    read: (size) => Promise.race([fetch(size), loss.happened]),
    async close() {
      // The server closes what has failed.
      if (!hasFailed) await Promise.race([cursor.close(), loss.happened]);
      loss.ignore();
    },
  };
}

/** A promise that rejects when the connection ends. */
function watchLoss(client: DatabaseClient): { readonly happened: Promise<never>; ignore(): void } {
  let onEnd = () => {};
  const happened = new Promise<never>((_, reject) => {
    onEnd = () => reject(new Error("Connection terminated unexpectedly"));
  });
  happened.catch(() => undefined);
  client.once("end", onEnd);
  return { happened, ignore: () => void client.off("end", onEnd) };
}
