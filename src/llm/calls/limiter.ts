import { Allowance } from "./allowance.ts";
import { abortedError, onAbort } from "./on-abort.ts";
import { RateBucket } from "./rate-bucket.ts";
import type { RateLimit } from "./transport.ts";

export interface LimiterOptions {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  /** Calls in flight at once. Otherwise starts at 64 and follows what the server takes. */
  readonly maxConcurrency?: number | undefined;
}

/** Leave to make one call. */
export interface Permit {
  /** The server answered, and maybe said how much more it takes. */
  succeeded(rateLimit: RateLimit | undefined): void;
  /** The server refused this call for being one too many: nobody calls for this long. */
  rateLimited(waitMs: number): void;
  /** Lets the next call go; call it whatever happened. */
  release(): void;
}

interface Waiter {
  readonly tokens: number;
  readonly start: () => void;
}

const FIRST_CONCURRENCY = 64;
// Some servers tell the reset of a day; before that long something is there again, and they say so if not.
const MAX_RESET_MS = 60_000;

const limiters = new Map<string, Limiter>();

/** The limiter of a key, one for the whole process: calls that share the provider's limit share the waiting. */
export function limiterOf(key: string, options?: LimiterOptions): Limiter {
  const limiter = limiters.get(key) ?? new Limiter();
  limiters.set(key, limiter);
  if (options !== undefined) limiter.configure(options);
  return limiter;
}

/**
 * Decides when the next call may start: as many at once as the server bears, none while it asks to wait, and no more
 * than its headers leave until their reset.
 */
export class Limiter {
  readonly #waiters = new Set<Waiter>();
  readonly #requests = new Allowance();
  readonly #tokens = new Allowance();
  #requestRate: RateBucket | undefined;
  #tokenRate: RateBucket | undefined;
  #concurrency = FIRST_CONCURRENCY;
  #maxConcurrency = Infinity;
  #active = 0;
  #pausedUntilMs = 0;
  /** Refusals of calls up to this one are of the same jam. */
  #newestHalved = 0;
  #timer: NodeJS.Timeout | undefined;

  configure({ requestsPerMinute, tokensPerMinute, maxConcurrency }: LimiterOptions): void {
    if (requestsPerMinute !== undefined) this.#requestRate = new RateBucket(requestsPerMinute);
    if (tokensPerMinute !== undefined) this.#tokenRate = new RateBucket(tokensPerMinute);
    if (maxConcurrency !== undefined) this.#maxConcurrency = this.#concurrency = maxConcurrency;
    this.#startWaiting();
  }

  /** Waits for its turn. An `LlmError` of kind `aborted` when the signal fires first. */
  acquire(signal: AbortSignal, estimatedTokens = 1): Promise<Permit> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        tokens: Math.max(1, estimatedTokens),
        start: () => {
          stopListening();
          resolve(this.#createPermit());
        },
      };
      this.#waiters.add(waiter);
      const stopListening = onAbort(signal, () => {
        this.#waiters.delete(waiter);
        reject(abortedError(signal));
        // A timer for nobody would keep the process alive.
        this.#startWaiting();
      });
      this.#startWaiting();
    });
  }

  /** The server asked everybody to wait. */
  pause(waitMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, performance.now() + waitMs);
    this.#requests.delay(this.#pausedUntilMs);
    this.#tokens.delay(this.#pausedUntilMs);
    this.#startWaiting();
  }

  #createPermit(): Permit {
    const number = this.#requests.taken;
    const tokensTaken = this.#tokens.taken;
    let isReleased = false;
    return {
      succeeded: (rateLimit) => {
        if (this.#active >= Math.floor(this.#concurrency)) {
          this.#concurrency = Math.min(this.#maxConcurrency, this.#concurrency + 1 / this.#concurrency);
        }
        if (rateLimit !== undefined) this.#observe(rateLimit, number, tokensTaken);
      },
      rateLimited: (waitMs) => {
        if (number > this.#newestHalved) {
          this.#concurrency = Math.max(1, this.#concurrency / 2);
          this.#newestHalved = this.#requests.taken;
        }
        this.pause(waitMs);
      },
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#active -= 1;
        this.#startWaiting();
      },
    };
  }

  #observe({ remainingRequests, remainingTokens, resetMs }: RateLimit, number: number, tokensTaken: number): void {
    // Without a reset nobody knows how long to wait for it.
    if (resetMs === undefined) return;
    const nowMs = performance.now();
    const reset = { resetMs: Math.min(resetMs, MAX_RESET_MS) };
    if (remainingRequests !== undefined)
      this.#requests.observe({ ...reset, remaining: remainingRequests, atTaken: number }, nowMs);
    if (remainingTokens !== undefined)
      this.#tokens.observe({ ...reset, remaining: remainingTokens, atTaken: tokensTaken }, nowMs);
    this.#startWaiting();
  }

  #startWaiting(): void {
    clearTimeout(this.#timer);
    for (const waiter of this.#waiters) {
      const nowMs = performance.now();
      const waitMs = this.#waitMs(waiter, nowMs);
      if (waitMs > 0) {
        // An endless wait ends with the next release or answer.
        if (waitMs < Infinity) this.#timer = setTimeout(() => this.#startWaiting(), Math.ceil(waitMs));
        return;
      }
      this.#waiters.delete(waiter);
      this.#active += 1;
      this.#requests.take(1);
      this.#tokens.take(waiter.tokens);
      this.#requestRate?.take(1, nowMs);
      this.#tokenRate?.take(waiter.tokens, nowMs);
      waiter.start();
    }
  }

  #waitMs({ tokens }: Waiter, nowMs: number): number {
    if (this.#active >= Math.floor(this.#concurrency)) return Infinity;
    const roomMs = Math.max(this.#requests.waitMs(1, nowMs), this.#tokens.waitMs(tokens, nowMs));
    return Math.max(
      this.#pausedUntilMs - nowMs,
      this.#requestRate?.waitMs(1, nowMs) ?? 0,
      this.#tokenRate?.waitMs(tokens, nowMs) ?? 0,
      // Where nobody knows, the calls in flight will tell; where there are none, this one does.
      roomMs === Infinity && this.#active === 0 ? 0 : roomMs,
    );
  }
}
