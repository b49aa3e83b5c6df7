import { setTimeout as sleep } from "node:timers/promises";
import type { Database, DatabaseClient } from "./connect.ts";

const AGAIN_MS = 100;

/** Runs statements that the signal cancels on the server, whichever of them is running then. */
export async function withCancel<Result>(
  { database, client, signal }: { database: Database; client: DatabaseClient; signal: AbortSignal },
  work: () => Promise<Result>,
): Promise<Result> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  // From here to the listener nothing is awaited, so that no cancellation is missed.
  signal.throwIfAborted();
  const over = new AbortController();
  let cancelling: Promise<void> | undefined;
  const cancel = async () => {
    // Between two statements there is nothing to cancel: the next one is asked for too.
    while (!over.signal.aborted) {
      await database.query("select pg_cancel_backend($1)", [rows[0]?.pid]).catch(() => undefined);
      await sleep(AGAIN_MS);
    }
  };
  const onAbort = () => (cancelling = cancel());
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    over.abort();
    signal.removeEventListener("abort", onAbort);
    // The connection is reused by others next, so no late cancellation must hit it.
    await cancelling;
  }
}
