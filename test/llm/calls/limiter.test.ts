import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Limiter, limiterOf } from "../../../src/llm/calls/limiter.ts";

const signal = new AbortController().signal;
const createLimiter = (options = {}) => {
  const limiter = new Limiter();
  limiter.configure(options);
  return limiter;
};
const isWaiting = async (promise: Promise<unknown>, ms = 15) =>
  (await Promise.race([promise, sleep(ms, "waits")])) === "waits";

describe("concurrency", () => {
  test("a call waits for another to end, and calls start in the order they came", async () => {
    const limiter = createLimiter({ maxConcurrency: 1 });
    const first = await limiter.acquire(signal);
    const order: number[] = [];
    const second = limiter.acquire(signal).then((permit) => (order.push(2), permit));
    const third = limiter.acquire(signal).then((permit) => (order.push(3), permit));
    expect(await isWaiting(second)).toBe(true);
    first.release();
    first.release();
    (await second).release();
    await third;
    expect(order).toEqual([2, 3]);
  });

  test("a refusal halves it once for all calls that were in flight, successes bring it back slowly", async () => {
    const limiter = createLimiter({ maxConcurrency: 8 });
    const permits = await Promise.all(Array.from({ length: 8 }, () => limiter.acquire(signal)));
    for (const permit of permits) permit.rateLimited({ waitMs: 0, isTold: true });
    for (const permit of permits) permit.release();
    const four = await Promise.all(Array.from({ length: 4 }, () => limiter.acquire(signal)));
    const fifth = limiter.acquire(signal);
    expect(await isWaiting(fifth)).toBe(true);
    // Four successes at four are worth one more.
    for (const permit of four) permit.succeeded(undefined);
    limiter.configure({});
    for (let round = 0; round < 2; round += 1) four[0]!.succeeded(undefined);
    four[1]!.release();
    await fifth;
    expect(await isWaiting(limiter.acquire(signal))).toBe(false);
    expect(await isWaiting(limiter.acquire(signal))).toBe(true);
  });

  test("64 calls go at once where nobody says how many", async () => {
    const limiter = createLimiter();
    await Promise.all(Array.from({ length: 64 }, () => limiter.acquire(signal)));
    expect(await isWaiting(limiter.acquire(signal))).toBe(true);
  });

  test("a key has one limiter", () => {
    expect(limiterOf("a key", { maxConcurrency: 2 })).toBe(limiterOf("a key"));
    expect(limiterOf("another key")).not.toBe(limiterOf("a key"));
  });
});

describe("waiting for the server", () => {
  test("everybody waits when one is asked to", async () => {
    const limiter = createLimiter();
    const [first, second] = [await limiter.acquire(signal), await limiter.acquire(signal)];
    const startedAtMs = performance.now();
    first.rateLimited({ waitMs: 80, isTold: true });
    second.rateLimited({ waitMs: 20, isTold: true });
    await Promise.all(Array.from({ length: 10 }, () => limiter.acquire(signal)));
    expect(performance.now() - startedAtMs).toBeGreaterThan(75);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  test("no more calls start than the headers leave, until their reset", async () => {
    const limiter = createLimiter();
    const first = await limiter.acquire(signal);
    await limiter.acquire(signal);
    const startedAtMs = performance.now();
    // Three are left after the first, and the second has taken one of them.
    first.succeeded({ remainingRequests: 3, resetMs: 80 });
    await limiter.acquire(signal);
    await limiter.acquire(signal);
    const fifth = limiter.acquire(signal);
    expect(await isWaiting(fifth)).toBe(true);
    await fifth;
    expect(performance.now() - startedAtMs).toBeGreaterThan(75);
  });

  test("an answer that comes late does not open a closed gate", async () => {
    const limiter = createLimiter();
    const [early, late] = [await limiter.acquire(signal), await limiter.acquire(signal)];
    late.succeeded({ remainingRequests: 0, resetMs: 100 });
    early.succeeded({ remainingRequests: 1, resetMs: 100 });
    expect(await isWaiting(limiter.acquire(signal))).toBe(true);
  });

  test("tokens run out too, and a call larger than the limit still gets its turn", async () => {
    const limiter = createLimiter();
    const first = await limiter.acquire(signal, { tokens: 100 });
    const startedAtMs = performance.now();
    first.succeeded({ remainingRequests: 50, remainingTokens: 1000, resetMs: 60 });
    await limiter.acquire(signal, { tokens: 900 });
    await limiter.acquire(signal, { tokens: 5000 });
    expect(performance.now() - startedAtMs).toBeGreaterThan(55);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  test("without a header that tells more, one call at a time finds out after a reset", async () => {
    const limiter = createLimiter();
    const first = await limiter.acquire(signal);
    first.succeeded({ remainingRequests: 0, resetMs: 20 });
    first.release();
    const second = await limiter.acquire(signal);
    second.succeeded({ remainingRequests: 0, resetMs: 20 });
    second.release();
    await limiter.acquire(signal);
  });
});

test("requests per minute are spread evenly", async () => {
  // One in 10 ms, and a burst of 10.
  const limiter = createLimiter({ requestsPerMinute: 6000 });
  const startedAtMs = performance.now();
  for (let count = 0; count < 50; count += 1) (await limiter.acquire(signal)).release();
  expect(performance.now() - startedAtMs).toBeGreaterThan(390);
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
});

test("tokens per minute are spread evenly", async () => {
  const limiter = createLimiter({ tokensPerMinute: 600_000 });
  const startedAtMs = performance.now();
  for (let count = 0; count < 6; count += 1) (await limiter.acquire(signal, { tokens: 1000 })).release();
  // 6,000 tokens at 10 in a millisecond; the last 1,000 are only owed.
  expect(performance.now() - startedAtMs).toBeGreaterThan(390);
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
});

describe("aborting", () => {
  test("a signal that has fired lets nothing start", async () => {
    const limiter = createLimiter();
    const acquired = limiter.acquire(AbortSignal.abort(new Error("stopped")));
    await expect(acquired).rejects.toMatchObject({ kind: "aborted" });
  });

  test("hundreds of waiting calls end at once, without a warning of a leak", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const limiter = createLimiter({ maxConcurrency: 1 });
    const holder = await limiter.acquire(signal);
    holder.rateLimited({ waitMs: 60_000, isTold: true });
    const stop = new AbortController();
    const waiting = Array.from({ length: 500 }, () => limiter.acquire(stop.signal));
    const stayed = limiter.acquire(signal);
    const startedAtMs = performance.now();
    stop.abort();
    const settled = await Promise.allSettled(waiting);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    expect(settled.every(({ status }) => status === "rejected")).toBe(true);
    expect(await isWaiting(stayed)).toBe(true);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});
