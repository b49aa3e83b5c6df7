import { setMaxListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";

export interface ConcurrentOptions<Item> {
  readonly concurrency: number;
  /** When it fires no further item starts; the ones in flight are waited for. */
  readonly signal: AbortSignal;
  readonly work: (item: Item, signal: AbortSignal) => Promise<void>;
}

const MAX_TURN_MS = 10;

/** Processes items as they arrive, several at a time. The first error stops the rest and is thrown. */
export async function processConcurrently<Item>(
  items: AsyncIterable<Item>,
  options: ConcurrentOptions<Item>,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  // Every item in flight listens; Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  const iterator = items[Symbol.asyncIterator]();
  let turnStarted = performance.now();
  const worker = async () => {
    while (!signal.aborted) {
      const next = await iterator.next();
      if (next.done === true || signal.aborted) return;
      await options.work(next.value, signal);
      // Functions that never wait would keep timers, sockets and heartbeats from their turn.
      if (performance.now() - turnStarted > MAX_TURN_MS) {
        await nextTurn();
        turnStarted = performance.now();
      }
    }
  };
  const workers = Array.from({ length: options.concurrency }, () =>
    worker().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const settled = await Promise.allSettled(workers);
  await iterator.return?.();
  const first = settled.find((outcome) => outcome.status === "rejected");
  if (first !== undefined) throw failed.signal.reason;
}
