import type { Embedding } from "../calls/embedding-transport.ts";
import type { Caller } from "./call-book.ts";
import { addUsage, NO_USAGE, usageOfCall, type UsageTotals } from "./telemetry.ts";

/** One text, shared by all callers that ask for it. */
export interface Order {
  readonly key: string;
  readonly text: string;
  /** Who asked first, and pays. */
  readonly caller: Caller;
  readonly settled: Promise<Delivery>;
  readonly deliver: (delivery: Delivery) => void;
  readonly fail: (error: unknown) => void;
  /** Callers that still wait for it. */
  waiting: number;
  /** Called when nobody waits for it any more. */
  onAbandoned: (() => void) | undefined;
}

export interface Delivery {
  readonly embedding: Embedding;
  readonly model: string;
  /** What it took when it was asked for. */
  readonly inputTokens: number | null;
  readonly costUsd: number | null;
  readonly latencyMs: number;
  readonly isCached: boolean;
}

export function createOrder(key: string, text: string, caller: Caller): Order {
  let deliver: Order["deliver"] = () => undefined;
  let fail: Order["fail"] = () => undefined;
  const settled = new Promise<Delivery>((resolve, reject) => {
    deliver = resolve;
    fail = reject;
  });
  return { key, text, caller, settled, deliver, fail, waiting: 1, onAbandoned: undefined };
}

/** One caller less waits for these. */
export function leave(orders: readonly Order[]): void {
  for (const order of orders) {
    order.waiting -= 1;
    if (order.waiting === 0) order.onAbandoned?.();
  }
}

/** By the length of the texts; the shares add up to the sum. */
export function shareOut(sum: number | null, orders: readonly Order[]): readonly number[] | null {
  if (sum === null) return null;
  const total = orders.reduce((length, { text }) => length + text.length, 0) || 1;
  let before = 0;
  let given = 0;
  return orders.map(({ text }, index) => {
    before += text.length;
    const until = index === orders.length - 1 ? sum : Math.round((sum * before) / total);
    const share = until - given;
    given = until;
    return share;
  });
}

/** The sum of embeddings that one caller asked for, as one call. */
export function sumUp(deliveries: readonly Delivery[]): UsageTotals {
  const sum = deliveries.reduce(
    (usage, { inputTokens, costUsd }) => addUsage(usage, usageOfCall({ inputTokens, outputTokens: 0, costUsd })),
    NO_USAGE,
  );
  return { ...sum, calls: 1, unknownCalls: Math.min(1, sum.unknownCalls) };
}
