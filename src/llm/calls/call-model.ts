import { type Attempt, attemptCall, type Send } from "./attempt.ts";
import type { Budget } from "./budget.ts";
import type { AnyAnswer } from "./check-answer.ts";
import { LlmError } from "./llm-error.ts";
import { limiterOf, type Limiter, type Permit } from "./limiter.ts";
import { abortedError, sleep } from "./on-abort.ts";
import { type RetryOptions, RetryWait } from "./retry-wait.ts";
import type { LlmUsage } from "./transport.ts";

/** Whom a call goes to. */
export interface CallTarget {
  readonly provider: string;
  readonly model: string;
  readonly limiterKey: string;
}

export interface CallModelOptions extends RetryOptions {
  readonly signal: AbortSignal;
  /** For one attempt, its body included. A minute unless said otherwise. */
  readonly timeoutMs?: number | undefined;
  readonly budget?: Budget | undefined;
  /** The most that one attempt can cost; a budget needs it. */
  readonly estimateUsd?: number | undefined;
  /** Of input and output together. */
  readonly estimatedTokens?: number | undefined;
  readonly costOf?: ((usage: LlmUsage) => number | null) | undefined;
  /** Hears of every request as it ends, also when the call fails in the end: money was spent. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
}

export interface CalledModel<Answer extends AnyAnswer> {
  readonly answer: Answer;
  /** In order; the last one gave the answer. */
  readonly attempts: readonly Attempt<Answer>[];
  /** Time of the requests alone. */
  readonly latencyMs: number;
  /** Time spent waiting for the limits, the budget and the next attempt. */
  readonly queueMs: number;
}

/**
 * Asks a model once, and again where that may help: the one place that retries. Whatever the server asks everybody to
 * wait for is waited for at the limiter, where all calls of the key stand.
 */
export async function callModel<Answer extends AnyAnswer>(
  target: CallTarget,
  send: Send<Answer>,
  options: CallModelOptions,
): Promise<CalledModel<Answer>> {
  const { signal, budget, estimatedTokens, timeoutMs = 60_000, costOf = () => null } = options;
  const { provider, model } = target;
  const reservedUsd = budget === undefined ? 0 : estimateOf(target, options);
  const limiter = limiterOf(target.limiterKey);
  const retryWait = new RetryWait(options);
  const attempts: Attempt<Answer>[] = [];
  const startedAtMs = performance.now();
  for (;;) {
    let sleepMs: number;
    const permit = await limiter.acquire(signal, estimatedTokens);
    try {
      if (signal.aborted) throw abortedError(signal);
      const attempt = await payFor(budget, { usd: reservedUsd, signal }, () =>
        attemptCall(send, { provider, model, signal, timeoutMs, costOf }),
      );
      attempts.push(attempt);
      options.onAttempt?.(attempt);
      if (attempt.error === undefined) {
        permit.succeeded(attempt.answer.rateLimit);
        const latencyMs = attempts.reduce((sum, { latencyMs }) => sum + latencyMs, 0);
        const queueMs = Math.max(0, performance.now() - startedAtMs - latencyMs);
        return { answer: attempt.answer, attempts, latencyMs, queueMs };
      }
      sleepMs = waitAfter(attempt.error, retryWait, { limiter, permit });
    } finally {
      permit.release();
    }
    if (sleepMs > 0) await sleep(sleepMs, signal);
  }
}

/** How long this call alone has to wait. Throws the error where trying again is no use. */
function waitAfter(
  error: LlmError,
  retryWait: RetryWait,
  { limiter, permit }: { readonly limiter: Limiter; readonly permit: Permit },
): number {
  const waitMs = retryWait.after(error);
  if (error.kind === "rate_limit") {
    // A wait that is too long for this call is not forced on the others: each of them hears of it and gives up too.
    permit.rateLimited(waitMs ?? 0);
  } else if (waitMs !== undefined && error.retryAfterMs !== undefined) {
    limiter.pause(waitMs);
  }
  if (waitMs === undefined) throw error;
  return error.kind === "rate_limit" || error.retryAfterMs !== undefined ? 0 : waitMs;
}

function estimateOf({ provider, model }: CallTarget, { estimateUsd }: CallModelOptions): number {
  if (estimateUsd !== undefined) return estimateUsd;
  throw new LlmError("budget", `The price of ${provider}:${model} is not known, so a budget cannot be held.`, {
    hint: "Give `llm.price` in the config, `{ inputPer1M, outputPer1M }` in USD, or take the budget away.",
  });
}

async function payFor<Answer extends AnyAnswer>(
  budget: Budget | undefined,
  { usd, signal }: { readonly usd: number; readonly signal: AbortSignal },
  send: () => Promise<Attempt<Answer>>,
): Promise<Attempt<Answer>> {
  if (budget === undefined) return send();
  if (!(await budget.reserve(usd, signal))) throw noRoomIn(budget, usd);
  // What nobody knows may have cost all that it could.
  let spentUsd = usd;
  try {
    const attempt = await send();
    spentUsd = attempt.costUsd ?? usd;
    return attempt;
  } finally {
    budget.settle(usd, spentUsd);
  }
}

function noRoomIn({ maxUsd, spentUsd }: Budget, usd: number): LlmError {
  const message = `The budget of $${maxUsd} has no room for another call: $${spentUsd.toFixed(4)} are spent, and one may cost $${usd.toFixed(4)}.`;
  return new LlmError("budget", message, {
    hint: "Raise the budget and run again: answers that were paid for are kept.",
  });
}
