import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Attempt } from "../../../src/llm/calls/attempt.ts";
import { Budget } from "../../../src/llm/calls/budget.ts";
import { callModel, type CallModelOptions } from "../../../src/llm/calls/call-model.ts";
import { LlmError, type LlmErrorKind } from "../../../src/llm/calls/llm-error.ts";
import { costOf } from "../../../src/llm/answers/cost.ts";
import type { LlmTransport } from "../../../src/llm/calls/transport.ts";
import { answerOf, fakeServer, type FakeServerOptions, fakeTransport, inParallel, REQUEST } from "../fake-server.ts";

const signal = new AbortController().signal;
const call = (transport: LlmTransport, options: Partial<CallModelOptions> = {}) =>
  callModel(transport, (until) => transport.call(REQUEST, { signal: until }), { signal, backoffMs: 5, ...options });

/** Fails with these errors, one a call, and answers after that. */
function failing(...errors: readonly unknown[]) {
  let calls = 0;
  const transport = fakeTransport(async () => {
    calls += 1;
    if (calls <= errors.length) throw errors[calls - 1];
    return answerOf();
  });
  return { transport, calls: () => calls };
}

describe("a server of 50 requests in a second", () => {
  const run = async (options: Omit<FakeServerOptions, "perSecond">, calls: number) => {
    const { transport, seen } = fakeServer({ perSecond: 50, ...options });
    const startedAtMs = performance.now();
    let answered = 0;
    await inParallel(calls, 20, async () => {
      await call(transport);
      answered += 1;
    });
    const seconds = (performance.now() - startedAtMs) / 1000;
    return { answered, seconds, seen };
  };

  test.for([
    { kind: "window", latencyMs: 30 },
    { kind: "window", latencyMs: 150 },
    { kind: "bucket", latencyMs: 30 },
    { kind: "bucket", latencyMs: 150 },
  ] as const)("is neither overrun nor left idle ($kind, answers in $latencyMs ms)", async (options) => {
    const { answered, seconds, seen } = await run(options, 200);
    expect(answered).toBe(200);
    expect(seen.requests).toBeLessThanOrEqual(210);
    // 50 at once, three more seconds for the others, and the answers to the last 50, 20 at once.
    const ideal = 3 + 2.5 * (options.latencyMs / 1000);
    expect(seconds).toBeGreaterThan(2.9);
    expect(seconds).toBeLessThan(4 * ideal * 1.25);
  });

  test("loses no call where only refusals tell of the limit", async () => {
    const { answered, seconds } = await run({ kind: "window", latencyMs: 30, hasHeaders: false }, 120);
    expect(answered).toBe(120);
    expect(seconds).toBeLessThan(4 * 2 * 1.25);
  });
});

describe("being asked to wait", () => {
  test("holds all calls of the key back, and does not count as a retry", async () => {
    const atMs: number[] = [];
    const startedAtMs = performance.now();
    const transport = fakeTransport(async () => {
      atMs.push(performance.now() - startedAtMs);
      if (atMs.length <= 2) throw new LlmError("rate_limit", "HTTP 429", { retryAfterMs: 60 });
      await sleep(5);
      return answerOf();
    });
    const first = call(transport, { maxRetries: 0 });
    await sleep(20);
    const others = Array.from({ length: 10 }, () => call(transport, { maxRetries: 0 }));
    const answers = await Promise.all([first, ...others]);
    expect(answers.reduce((sum, { attempts }) => sum + attempts.length, 0)).toBe(13);
    expect(atMs[1]).toBeGreaterThan(58);
    expect(atMs[12]).toBeGreaterThan(118);
  });

  test("a wait longer than the call may take is an error at once", async () => {
    const { transport, calls } = failing(new LlmError("rate_limit", "HTTP 429", { retryAfterMs: 90_000_000 }));
    await expect(call(transport)).rejects.toMatchObject({ kind: "rate_limit", retryAfterMs: 90_000_000 });
    expect(calls()).toBe(1);
    await call(transport);
  });

  test("a server that never stops asking is left in the end", async () => {
    const transport = fakeTransport(async () => {
      throw new LlmError("rate_limit", "HTTP 429", { retryAfterMs: 0 });
    });
    const startedAtMs = performance.now();
    await expect(call(transport, { maxRateLimitWaitMs: 150 })).rejects.toMatchObject({ kind: "rate_limit" });
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  test("without a time to wait, a refusal counts as a retry", async () => {
    const { transport, calls } = failing(...Array.from({ length: 9 }, () => new LlmError("rate_limit", "HTTP 429")));
    await expect(call(transport, { maxRetries: 2 })).rejects.toMatchObject({ kind: "rate_limit" });
    expect(calls()).toBe(3);
  });

  test("a server that is overloaded is given the time it asks for", async () => {
    const { transport } = failing(new LlmError("server", "HTTP 503", { status: 503, retryAfterMs: 70 }));
    const { queueMs, latencyMs } = await call(transport);
    expect(queueMs).toBeGreaterThan(65);
    expect(latencyMs).toBeLessThan(5_000);
  });
});

describe("retries", () => {
  test.for(["server", "network", "timeout", "bad_response"] as const)("%s is tried again", async (kind) => {
    const { transport, calls } = failing(new LlmError(kind, "failed"), new LlmError(kind, "failed"));
    const { attempts } = await call(transport);
    expect(calls()).toBe(3);
    expect(attempts.map(({ error }) => error?.kind)).toEqual([kind, kind, undefined]);
  });

  const final: readonly LlmErrorKind[] = [
    "auth",
    "quota",
    "bad_request",
    "context_length",
    "refusal",
    "content_filter",
    "truncated",
  ];
  test.for(final)("%s is not", async (kind) => {
    const error = new LlmError(kind, "failed");
    const { transport, calls } = failing(error);
    await expect(call(transport)).rejects.toBe(error);
    expect(calls()).toBe(1);
  });

  test("a call that may not be made, with a key that others are answered for, is refused for what it asks", async () => {
    const forbidden = new LlmError("auth", "failed", { status: 403 });
    let calls = 0;
    const transport = fakeTransport(async () => {
      calls += 1;
      if (calls !== 2) throw forbidden;
      return answerOf();
    });
    await expect(call(transport)).rejects.toMatchObject({ kind: "auth", isFatal: true });
    await call(transport);
    await expect(call(transport)).rejects.toMatchObject({ kind: "refusal", isFatal: false, status: 403 });
  });

  test("they end with the error of the last", async () => {
    const errors = Array.from({ length: 9 }, (_, index) => new LlmError("server", `failure ${index}`));
    const { transport, calls } = failing(...errors);
    await expect(call(transport, { maxRetries: 3 })).rejects.toBe(errors[3]);
    expect(calls()).toBe(4);
  });

  test("a call that waits for its retry leaves its place to others", async () => {
    const { transport } = failing(new LlmError("server", "HTTP 500"));
    const slow = call(transport, { backoffMs: 300 });
    await sleep(5);
    const startedAtMs = performance.now();
    await call(transport);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    await slow;
  });

  test("what a transport throws by mistake is an LlmError that does not quote it", async () => {
    const bug = failing(new TypeError("secret of the request"));
    const error = await call(bug.transport).catch((error: unknown) => error as LlmError);
    expect(error).toMatchObject({ kind: "bad_request", message: "The transport of fake failed with a TypeError." });
    expect(bug.calls()).toBe(1);
    const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const { attempts } = await call(failing(new TypeError("fetch failed", { cause })).transport);
    expect(attempts[0]).toMatchObject({ error: { kind: "network" }, costUsd: 0 });
  });
});

describe("time", () => {
  test("a call may be given all the time in the world", async () => {
    const transport = fakeTransport(async () => {
      await sleep(20);
      return answerOf();
    });
    expect((await call(transport, { timeoutMs: Infinity })).attempts).toHaveLength(1);
  });

  test("an answer that stalls times out, also when the transport does not hear the signal", async () => {
    const transport = fakeTransport(() => new Promise(() => undefined));
    const startedAtMs = performance.now();
    await expect(call(transport, { timeoutMs: 40, maxRetries: 1 })).rejects.toMatchObject({ kind: "timeout" });
    expect(performance.now() - startedAtMs).toBeGreaterThan(78);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  test("latency is the time of the requests, waiting for a place is not", async () => {
    const transport = fakeTransport(async () => {
      await sleep(40);
      return answerOf({ rateLimit: { remainingRequests: 0, resetMs: 120 } });
    });
    await call(transport);
    const { latencyMs, queueMs } = await call(transport);
    expect(latencyMs).toBeGreaterThan(38);
    expect(latencyMs).toBeLessThan(5_000);
    expect(queueMs).toBeGreaterThan(45);
  });

  test.for(["in flight", "waiting for a retry", "waiting for the server"])("an abort ends a call %s", async (where) => {
    const transport = fakeTransport(async () => {
      if (where === "waiting for a retry") throw new LlmError("server", "HTTP 500");
      if (where === "waiting for the server") throw new LlmError("rate_limit", "HTTP 429", { retryAfterMs: 60_000 });
      return new Promise<never>(() => undefined);
    });
    const stop = new AbortController();
    const calls = Array.from({ length: 5 }, () => call(transport, { signal: stop.signal, backoffMs: 60_000 }));
    const settled = Promise.allSettled(calls);
    await sleep(30);
    const startedAtMs = performance.now();
    stop.abort(new Error("stopped"));
    for (const result of await settled) expect(result).toMatchObject({ reason: { kind: "aborted" } });
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    await expect(call(transport, { signal: stop.signal })).rejects.toMatchObject({ kind: "aborted" });
  });
});

describe("money", () => {
  const price = { inputPer1M: 10_000, outputPer1M: 0 };
  const priced = { estimateUsd: 3, costOf: (usage: Parameters<typeof costOf>[0]) => costOf(usage, price) };
  const usage = { inputTokens: 100, outputTokens: 0, cachedInputTokens: 0 };

  test("failed attempts are told of with what they cost, also when the call fails", async () => {
    const told: Attempt[] = [];
    const budget = new Budget(100);
    const { transport } = failing(
      new LlmError("bad_response", "no answer in it", { usage }),
      new LlmError("rate_limit", "HTTP 429", { retryAfterMs: 1 }),
      new LlmError("timeout", "too late"),
      new LlmError("refusal", "refused", { usage }),
    );
    const failed = call(transport, { ...priced, budget, onAttempt: (attempt) => told.push(attempt) });
    await expect(failed).rejects.toMatchObject({ kind: "refusal" });
    expect(told.map(({ costUsd }) => costUsd)).toEqual([1, 0, null, 1]);
    // Nobody knows whether the one that timed out is billed: it counts in full.
    expect(budget.spentUsd).toBe(1 + 0 + 3 + 1);
  });

  test("an answer without usage counts as much as it may have cost", async () => {
    const unknown = { inputTokens: null, outputTokens: null, cachedInputTokens: null };
    const budget = new Budget(100);
    const { attempts } = await call(
      fakeTransport(async () => answerOf({ usage: unknown })),
      { ...priced, budget },
    );
    expect(attempts[0]!.costUsd).toBeNull();
    expect(budget.spentUsd).toBe(3);
  });

  test("a budget needs a price", async () => {
    const { transport, calls } = failing();
    const error = await call(transport, { budget: new Budget(1) }).catch((error: unknown) => error as LlmError);
    expect(error).toMatchObject({ kind: "budget", hint: expect.stringContaining("llm.price") as string });
    expect(calls()).toBe(0);
  });

  test("a budget of a hundred mean calls ends between nine tenths and all of it", async () => {
    let calls = 0;
    const transport = fakeTransport(async () => {
      calls += 1;
      const inputTokens = 50 + ((calls * 37) % 101);
      await sleep(2);
      if (calls % 9 === 0) throw new LlmError("bad_response", "no answer in it", { usage: { ...usage, inputTokens } });
      return answerOf({ usage: { ...usage, inputTokens } });
    });
    let mostUsd = 0;
    const budget = new Budget(100, { onSettle: (spentUsd) => (mostUsd = Math.max(mostUsd, spentUsd)) });
    const refused: unknown[] = [];
    await inParallel(300, 20, async () => {
      if (refused.length > 0) return;
      await call(transport, { ...priced, budget }).catch((error: unknown) => refused.push(error));
    });
    expect(refused[0]).toMatchObject({ kind: "budget", isFatal: true });
    expect(mostUsd).toBeLessThanOrEqual(100);
    expect(budget.spentUsd).toBeGreaterThanOrEqual(90);
  });
});
