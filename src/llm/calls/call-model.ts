import { type Attempt, attemptCall, type Send } from "./attempt.ts";
import { breakerOf, type Outage } from "./breaker.ts";
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

/** Books requests: a call that is not written down before it is sent can be lost with its process. */
export interface CallRecorder {
  /** Before a request is sent; with a budget, the most that it may cost. */
  sent(reservedUsd: number | undefined): Promise<void>;
  /** After a failed request. The caller records the one that gave the answer, together with the outcome. */
  failed(attempt: Attempt): Promise<void>;
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
  readonly recorder?: CallRecorder | undefined;
  /** How long the provider may be down before the call is given up. 5 minutes unless said otherwise. */
  readonly outageTimeoutMs?: number | undefined;
  readonly onOutage?: ((outage: Outage) => void) | undefined;
  /** Called as every request ends, even if the call fails in the end: money was spent. */
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
 * Asks a model, and retries where that may help: the only place that does. A wait that the server imposes on all calls
 * happens in the limiter, where all calls of the key queue.
 */
export async function callModel<Answer extends AnyAnswer>(
  target: CallTarget,
  send: Send<Answer>,
  options: CallModelOptions,
): Promise<CalledModel<Answer>> {
  const { signal, budget, estimatedTokens, recorder, timeoutMs = 60_000, costOf = () => null } = options;
  const { provider, model } = target;
  const reservedUsd = budget === undefined ? undefined : estimateOf(target, options);
  const limiter = limiterOf(target.limiterKey);
  const breaker = breakerOf(target.limiterKey, provider);
  const { outageTimeoutMs, onOutage } = options;
  const retryWait = new RetryWait(options);
  const attempts: Attempt<Answer>[] = [];
  const startedAtMs = performance.now();
  for (;;) {
    let sleepMs: number | undefined;
    let attempt: Attempt<Answer> | undefined;
    const isProbe = await breaker.pass({ signal, timeoutMs: outageTimeoutMs, onOutage });
    let permit: Permit | undefined;
    try {
      permit = await limiter.acquire(signal, { model, tokens: estimatedTokens, call: attempts });
      if (signal.aborted) throw abortedError(signal);
      attempt = await payFor(
        budget,
        { usd: reservedUsd ?? 0, signal },
        {
          before: () => recorder?.sent(reservedUsd),
          send: async () => judge(await attemptCall(send, { provider, model, signal, timeoutMs, costOf }), limiter),
        },
      );
      attempts.push(attempt);
      options.onAttempt?.(attempt);
      if (attempt.error === undefined) {
        breaker.succeeded(onOutage);
        permit.succeeded(attempt.answer.rateLimit);
      } else {
        breaker.failed(attempt.error.kind, onOutage);
        sleepMs = waitAfter(attempt.error, retryWait, { limiter, permit });
        // While the provider is down, the breaker decides how long to keep trying.
        if (breaker.isOpen && attempt.error.isRetryable) sleepMs ??= 0;
      }
    } finally {
      // Others may go on while the end of this one is written down.
      permit?.release();
      if (isProbe) breaker.leave();
    }
    if (attempt.error === undefined) {
      const latencyMs = attempts.reduce((sum, { latencyMs }) => sum + latencyMs, 0);
      const queueMs = Math.max(0, performance.now() - startedAtMs - latencyMs);
      return { answer: attempt.answer, attempts, latencyMs, queueMs };
    }
    await recorder?.failed(attempt);
    if (sleepMs === undefined) throw attempt.error;
    if (sleepMs > 0) await sleep(sleepMs, signal);
  }
}

/** A key that calls were answered for is good: a call that may not be made is refused for what it asks. */
function judge<Answer extends AnyAnswer>(attempt: Attempt<Answer>, limiter: Limiter): Attempt<Answer> {
  const { error } = attempt;
  if (error?.kind !== "auth" || error.status !== 403 || !limiter.hasAnswered) return attempt;
  const refusal = new LlmError("refusal", "The server does not take this call, though it takes others of this key.", {
    status: error.status,
    cause: error,
  });
  return { ...attempt, answer: undefined, error: refusal };
}

/** How long this call alone has to wait; undefined if a retry would not help. */
function waitAfter(
  error: LlmError,
  retryWait: RetryWait,
  { limiter, permit }: { readonly limiter: Limiter; readonly permit: Permit },
): number | undefined {
  const waitMs = retryWait.after(error);
  const isTold = error.retryAfterMs !== undefined;
  let isForAll = false;
  if (error.kind === "rate_limit") {
    // A wait that is too long for this call is not imposed on the others: each gets its own refusal and gives up too.
    isForAll = permit.rateLimited({ waitMs: waitMs ?? 0, isTold, rateLimit: error.rateLimit });
  } else if (waitMs !== undefined && isTold) {
    limiter.pause(waitMs);
    isForAll = true;
  }
  return isForAll && waitMs !== undefined ? 0 : waitMs;
}

function estimateOf({ provider, model }: CallTarget, { estimateUsd }: CallModelOptions): number {
  if (estimateUsd !== undefined) return estimateUsd;
  throw new LlmError("budget", `The price of ${provider}:${model} is unknown, so a budget cannot be kept.`, {
    hint: "Set `llm.price` in the config, `{ inputPer1M, outputPer1M }` in USD, or remove the budget.",
  });
}

async function payFor<Answer extends AnyAnswer>(
  budget: Budget | undefined,
  { usd, signal }: { readonly usd: number; readonly signal: AbortSignal },
  { before, send }: { readonly before: () => Promise<void> | undefined; readonly send: () => Promise<Attempt<Answer>> },
): Promise<Attempt<Answer>> {
  if (budget !== undefined && !(await budget.reserve(usd, signal))) throw noRoomIn(budget, usd);
  let spentUsd = 0;
  try {
    await before();
    // What nobody knows may have cost all that it could.
    spentUsd = usd;
    const attempt = await send();
    spentUsd = attempt.costUsd ?? usd;
    return attempt;
  } finally {
    budget?.settle(usd, spentUsd);
  }
}

function noRoomIn({ maxUsd, spentUsd }: Budget, usd: number): LlmError {
  const message = `The budget of $${maxUsd} has no room for another call: $${spentUsd.toFixed(4)} is spent, and one may cost $${usd.toFixed(4)}.`;
  return new LlmError("budget", message, {
    hint: "Raise the budget and run again: answers that were paid for are kept.",
  });
}
