import { setMaxListeners } from "node:events";

const never = new AbortController().signal;

/** Works on some items at a time; `results[i]` belongs to `items[i]`. The first error stops all. */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  { concurrency, signal = never }: { readonly concurrency: number; readonly signal?: AbortSignal },
  work: (item: Item, options: { readonly index: number; readonly signal: AbortSignal }) => Promise<Result>,
): Promise<readonly Result[]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, either);
  const results: Result[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) {
      either.throwIfAborted();
      results[index] = await work(items[index] as Item, { index, signal: either });
    }
  };
  const lanes = Array.from({ length: Math.min(concurrency, items.length) }, async () => {
    try {
      await lane();
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });
  try {
    await Promise.all(lanes);
    return results;
  } finally {
    await Promise.allSettled(lanes);
  }
}
