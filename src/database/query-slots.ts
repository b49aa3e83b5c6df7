import type { Database } from "./connect.ts";

interface Slots {
  free: number;
  readonly waiting: Set<() => void>;
}

const slots = new WeakMap<Database, Slots>();

/**
 * Runs `work` as soon as fewer than half of the connections are with queries of models. Each holds its connection for as
 * long as it takes; the others wait here, where nothing times out.
 */
export async function withQuerySlot<Result>(
  database: Database,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const own = slots.get(database) ?? {
    free: Math.max(1, Math.floor(database.pool.options.max / 2)),
    waiting: new Set(),
  };
  slots.set(database, own);
  if (own.free === 0) await nextFree(own, signal);
  own.free -= 1;
  try {
    return await work();
  } finally {
    own.free += 1;
    const [next] = own.waiting;
    next?.();
  }
}

async function nextFree(own: Slots, signal: AbortSignal): Promise<void> {
  while (own.free === 0) {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      const wake = () => {
        own.waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      own.waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}
