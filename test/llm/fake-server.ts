import { setTimeout as sleep } from "node:timers/promises";
import { LlmError } from "../../src/llm/calls/llm-error.ts";
import type { LlmAnswer, LlmRequest, LlmTransport } from "../../src/llm/calls/transport.ts";

export const REQUEST: LlmRequest = {
  messages: [{ role: "user", content: "What is it?" }],
  schema: { name: "Answer", json: {} },
  params: {},
};

export const answerOf = (parts: Partial<LlmAnswer> = {}): LlmAnswer => ({
  text: "{}",
  finish: "stop",
  usage: { inputTokens: 100, outputTokens: 10, cachedInputTokens: 0 },
  model: "fake-1",
  rateLimit: undefined,
  ...parts,
});

let keys = 0;

/** A transport with a limiter of its own, answered by `call`. */
export function fakeTransport(call: LlmTransport["call"]): LlmTransport {
  keys += 1;
  return { provider: "fake", model: "fake-1", endpoint: "test", limiterKey: `test ${keys}`, call };
}

export interface FakeServerOptions {
  readonly perSecond: number;
  /** A window that starts anew every second, or a bucket that fills steadily. */
  readonly kind: "window" | "bucket";
  readonly latencyMs: number;
  readonly hasHeaders?: boolean;
}

/** A server with a limit that it holds to, and tells like the real ones do. */
export function fakeServer({ perSecond, kind, latencyMs, hasHeaders = true }: FakeServerOptions) {
  const seen = { requests: 0, refused: 0, atMs: [] as number[], inFlight: 0, mostInFlight: 0 };
  let level = perSecond;
  let sinceMs: number | undefined;
  const refill = (nowMs: number) => {
    sinceMs ??= nowMs;
    const elapsedMs = nowMs - sinceMs;
    if (kind === "bucket") {
      level = Math.min(perSecond, level + (elapsedMs / 1000) * perSecond);
      sinceMs = nowMs;
    } else if (elapsedMs >= 1000) {
      level = perSecond;
      sinceMs += Math.floor(elapsedMs / 1000) * 1000;
    }
    return kind === "bucket" ? ((perSecond - level) / perSecond) * 1000 : sinceMs + 1000 - nowMs;
  };
  const transport = fakeTransport(async (_request, { signal }) => {
    const nowMs = performance.now();
    refill(nowMs);
    seen.requests += 1;
    seen.atMs.push(nowMs);
    const isRefused = level < 1;
    if (!isRefused) level -= 1;
    const resetMs = refill(nowMs);
    const remainingRequests = Math.floor(level);
    seen.inFlight += 1;
    seen.mostInFlight = Math.max(seen.mostInFlight, seen.inFlight);
    try {
      await sleep(latencyMs * (0.5 + Math.random()), undefined, { signal });
    } finally {
      seen.inFlight -= 1;
    }
    if (isRefused) {
      seen.refused += 1;
      throw new LlmError("rate_limit", "HTTP 429", { status: 429, retryAfterMs: resetMs });
    }
    return answerOf({ rateLimit: hasHeaders ? { remainingRequests, resetMs } : undefined });
  });
  return { transport, seen };
}

/** Does `count` things, so many at once. */
export async function inParallel(
  count: number,
  concurrency: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
