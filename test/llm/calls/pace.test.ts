import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { callModel } from "../../../src/llm/calls/call-model.ts";
import { LlmError } from "../../../src/llm/calls/llm-error.ts";
import type { RateLimit } from "../../../src/llm/calls/transport.ts";
import { answerOf } from "../fake-server.ts";
import { Random } from "../../support/random.ts";

// Time passes as fast as the machine computes, and waits are drawn from one seed: what is measured is always the same.
beforeEach(() => {
  const numbers = new Random(1);
  vi.spyOn(Math, "random").mockImplementation(() => numbers.next());
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Taken {
  readonly isTaken: boolean;
  readonly remaining: number;
  readonly resetMs: number;
  readonly waitMs: number;
}

interface Style {
  readonly count: () => Taken;
  readonly headers?: (taken: Taken) => RateLimit;
  readonly retryAfterMs?: (taken: Taken) => number;
}

/** Holds `size`, and fills up with `perSecond`. */
function bucket(perSecond: number, size = perSecond): () => Taken {
  let [level, atMs] = [size, performance.now()];
  return () => {
    const nowMs = performance.now();
    level = Math.min(size, level + ((nowMs - atMs) / 1_000) * perSecond);
    atMs = nowMs;
    const isTaken = level >= 1;
    if (isTaken) level -= 1;
    const resetMs = ((size - level) / perSecond) * 1_000;
    return { isTaken, remaining: Math.floor(level), resetMs, waitMs: ((1 - level) / perSecond) * 1_000 };
  };
}

/** Takes `size` in every window. */
function window(size: number, lengthMs: number): () => Taken {
  let [used, fromMs] = [0, performance.now()];
  return () => {
    const nowMs = performance.now();
    if (nowMs - fromMs >= lengthMs) [used, fromMs] = [0, nowMs - ((nowMs - fromMs) % lengthMs)];
    used += 1;
    const resetMs = fromMs + lengthMs - nowMs;
    return { isTaken: used <= size, remaining: Math.max(0, size - used), resetMs, waitMs: resetMs };
  };
}

const told = ({ remaining, resetMs }: Taken): RateLimit => ({ remainingRequests: remaining, resetMs });
const inWholeSeconds = ({ waitMs }: Taken) => Math.ceil(waitMs / 1_000) * 1_000;

/** As the real ones do: seconds, cut off. */
function toldBySeconds({ remaining, resetMs }: Taken): RateLimit {
  const atMs = Math.floor((Date.now() + resetMs) / 1_000) * 1_000;
  return { remainingRequests: remaining, resetMs: Math.max(0, atMs - Date.now()) };
}

const STYLES: Readonly<Record<string, () => Style>> = {
  "a bucket, told in every answer": () => ({ count: bucket(20), headers: told, retryAfterMs: inWholeSeconds }),
  "a bucket, told by refusals alone": () => ({ count: bucket(20), retryAfterMs: inWholeSeconds }),
  "a bucket, told by nothing": () => ({ count: bucket(20) }),
  "windows of a second": () => ({ count: window(20, 1_000), headers: told, retryAfterMs: ({ waitMs }) => waitMs }),
  "a bucket, told in whole seconds": () => ({
    count: bucket(20),
    headers: toldBySeconds,
    retryAfterMs: () => 1_000,
  }),
};

let keys = 0;

function serverOf(style: Style, { latencyMs }: { readonly latencyMs: number }) {
  const seen = { requests: 0 };
  const send = async () => {
    seen.requests += 1;
    await sleep(2);
    const taken = style.count();
    const rateLimit = style.headers?.(taken);
    if (!taken.isTaken) {
      const retryAfterMs = style.retryAfterMs?.(taken);
      throw new LlmError("rate_limit", "HTTP 429", { retryAfterMs, rateLimit });
    }
    await sleep(latencyMs);
    return answerOf({ rateLimit });
  };
  return { seen, send };
}

/** Asks for every row, and says how long that took. */
async function askAll(
  rows: number,
  ask: (row: number) => Promise<unknown>,
  workers = 50,
): Promise<{ readonly seconds: number; readonly failed: number }> {
  const startedAtMs = performance.now();
  let [next, failed] = [0, 0];
  const state = { isDone: false };
  const work = async () => {
    while (next < rows) {
      next += 1;
      await ask(next).catch(() => (failed += 1));
    }
  };
  const all = Promise.all(Array.from({ length: workers }, work)).then(() => (state.isDone = true));
  while (!state.isDone) await vi.advanceTimersToNextTimerAsync();
  await all;
  return { seconds: (performance.now() - startedAtMs) / 1_000, failed };
}

const signal = new AbortController().signal;
const newKey = () => `pace ${(keys += 1)}`;

describe.each(Object.entries(STYLES))("%s", (_name, style) => {
  test.each([100, 500])("is neither overrun nor left idle (answers in %i ms)", async (latencyMs) => {
    const { seen, send } = serverOf(style(), { latencyMs });
    const target = { provider: "fake", model: "m", limiterKey: newKey() };
    const { seconds, failed } = await askAll(400, () => callModel(target, send, { signal }));
    expect(failed).toBe(0);
    expect(seen.requests / 400).toBeLessThanOrEqual(1.05);
    // 20 at once, 20 a second after that.
    expect(seconds / (19 + latencyMs / 1_000)).toBeLessThanOrEqual(1.1);
  });
});

test("models of one key share its limit, also before each of them has been heard", async () => {
  const { seen, send } = serverOf(STYLES["a bucket, told by refusals alone"]!(), { latencyMs: 100 });
  const limiterKey = newKey();
  const ask = (row: number) => callModel({ provider: "fake", model: `m${row % 3}`, limiterKey }, send, { signal });
  const { seconds, failed } = await askAll(400, ask);
  expect(failed).toBe(0);
  expect(seen.requests / 400).toBeLessThanOrEqual(1.05);
  expect(seconds / 19).toBeLessThanOrEqual(1.1);
});

test("a model with a small limit of its own does not hold up one with a large one", async () => {
  const small = serverOf({ count: window(10, 60_000), headers: told }, { latencyMs: 100 });
  const large = serverOf({ count: bucket(1_000), headers: told }, { latencyMs: 100 });
  const limiterKey = newKey();
  const endedAtMs = { small: 0, large: 0 };
  await askAll(120, async (row) => {
    const name = row <= 20 ? "small" : "large";
    await callModel({ provider: "fake", model: name, limiterKey }, (name === "small" ? small : large).send, { signal });
    endedAtMs[name] = performance.now();
  });
  expect(small.seen.requests + large.seen.requests).toBeLessThanOrEqual(126);
  expect(endedAtMs.small - endedAtMs.large).toBeGreaterThan(50_000);
});

test("a server without a limit soon gets all that may be in flight", async () => {
  const send = async () => {
    await sleep(1_000);
    return answerOf();
  };
  const target = { provider: "fake", model: "m", limiterKey: newKey() };
  const { seconds } = await askAll(2_000, () => callModel(target, send, { signal }), 100);
  expect(seconds).toBeLessThan(20 * 1.15);
});

test("a call that is refused alone, whatever others do, keeps none of them waiting", async () => {
  let [requests, answers] = [0, 0];
  const send = (row: number) => async () => {
    requests += 1;
    await sleep(20);
    if (row === 100) throw new LlmError("rate_limit", "HTTP 429", { retryAfterMs: 2_000 });
    answers += 1;
    return answerOf();
  };
  const target = { provider: "fake", model: "m", limiterKey: newKey() };
  let othersEndedAtMs = 0;
  const startedAtMs = performance.now();
  const { failed } = await askAll(
    400,
    async (row) => {
      await callModel(target, send(row), { signal, maxRateLimitWaitMs: 60_000 });
      othersEndedAtMs = performance.now();
    },
    20,
  );
  expect({ failed, answers }).toEqual({ failed: 1, answers: 399 });
  expect(requests - answers).toBeLessThanOrEqual(31);
  // One wait, and the slower pace after it.
  expect(othersEndedAtMs - startedAtMs).toBeLessThan(12_000);
});
