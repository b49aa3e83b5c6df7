import type { LlmError } from "./llm-error.ts";

export interface RetryOptions {
  /** Retries after failures; being asked to wait is none. 5 unless said otherwise. */
  readonly maxRetries?: number | undefined;
  /** How long one call stays with a server that keeps asking to wait. 10 minutes unless said otherwise. */
  readonly maxRateLimitWaitMs?: number | undefined;
  /** Before the first retry, where the server does not say; doubles with every other. */
  readonly backoffMs?: number | undefined;
}

const MAX_BACKOFF_MS = 30_000;
// A server that asks to come back at once, again and again, is not taken at its word.
const REPEATED_LIMIT_MS = 25;

/** Decides for one call whether it tries again, and when. */
export class RetryWait {
  readonly #maxRetries: number;
  readonly #maxRateLimitWaitMs: number;
  readonly #backoffMs: number;
  #retries = 0;
  #rateLimits = 0;
  #firstLimitedAtMs: number | undefined;

  constructor({ maxRetries = 5, maxRateLimitWaitMs = 600_000, backoffMs = 500 }: RetryOptions) {
    this.#maxRetries = maxRetries;
    this.#maxRateLimitWaitMs = maxRateLimitWaitMs;
    this.#backoffMs = backoffMs;
  }

  /** How long to wait; undefined if a retry would not help. */
  after({ kind, isRetryable, retryAfterMs }: LlmError): number | undefined {
    if (!isRetryable) return undefined;
    if (kind === "rate_limit" && retryAfterMs !== undefined) return this.#afterLimit(retryAfterMs);
    if (this.#retries >= this.#maxRetries) return undefined;
    this.#retries += 1;
    if (retryAfterMs !== undefined) return retryAfterMs > this.#maxRateLimitWaitMs ? undefined : retryAfterMs;
    return backoff(this.#backoffMs, this.#retries);
  }

  #afterLimit(retryAfterMs: number): number | undefined {
    const nowMs = performance.now();
    this.#firstLimitedAtMs ??= nowMs;
    this.#rateLimits += 1;
    const least = this.#rateLimits === 1 ? 0 : backoff(REPEATED_LIMIT_MS, this.#rateLimits);
    const waitMs = Math.max(retryAfterMs, least);
    return nowMs - this.#firstLimitedAtMs + waitMs > this.#maxRateLimitWaitMs ? undefined : waitMs;
  }
}

/** Half of it to one and a half, so that calls that failed together do not come back together. */
const backoff = (firstMs: number, times: number) =>
  Math.min(MAX_BACKOFF_MS, firstMs * 2 ** (times - 1)) * (0.5 + Math.random());
