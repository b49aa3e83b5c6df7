import { Allowance, type Mark } from "./allowance.ts";
import { abortedError, onAbort } from "./on-abort.ts";
import { Pace } from "./pace.ts";
import { RateBucket } from "./rate-bucket.ts";
import type { RateLimit } from "./transport.ts";

export interface LimiterOptions {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  /** Calls in flight at once. Otherwise starts at 64 and follows what the server takes. */
  readonly maxConcurrency?: number | undefined;
}

/** A call that asks to start. */
export interface CallToStart {
  /** Input and output together, roughly. */
  readonly tokens?: number | undefined;
  /** Providers often have a limit per model in addition to that of the key. */
  readonly model?: string | undefined;
  /** The same for every attempt of one call: a call that is refused while the others are not is known by it. */
  readonly call?: object | undefined;
}

export interface PermitRefusal {
  readonly waitMs: number;
  /** The server itself said how long. */
  readonly isTold: boolean;
  readonly rateLimit?: RateLimit | undefined;
}

/** Leave to make one call. */
export interface Permit {
  /** The server answered, and maybe said how much more it takes. */
  succeeded(rateLimit: RateLimit | undefined): void;
  /**
   * The server refused this call for being one too many: nobody calls for as long as it asks. False when it refuses
   * this call alone, again and again, and takes all others: then nobody else has to wait for it.
   */
  rateLimited(refusal: PermitRefusal): boolean;
  /** Lets the next call go; call it whatever happened. */
  release(): void;
}

interface Waiter {
  readonly tokens: number;
  readonly model: string;
  readonly call: object | undefined;
  readonly start: (started: Started) => void;
}

/** A call that has started. */
interface Started {
  readonly model: string;
  readonly call: object | undefined;
  readonly atMs: number;
  readonly number: number;
  readonly requests: Mark;
  readonly tokens: Mark;
}

interface Allowances {
  readonly requests: Allowance;
  readonly tokens: Allowance;
  answers: number;
}

/** What had happened when a call was refused. */
interface SeenAtRefusal {
  readonly answers: number;
  readonly refusals: number;
}

const FIRST_CONCURRENCY = 64;
// Some servers report the reset of a whole day. Capacity returns much sooner; if it does not, they refuse the call.
const MAX_RESET_MS = 60_000;
// Timers are late by a few milliseconds; what they miss may be caught up.
const BURST_MS = 100;
// Above what calls at the server's pace need, so that a slow one keeps none of them waiting.
const CONCURRENCY_RESERVE = 1.5;
const WEIGHT_OF_LATEST = 0.2;
const GROWTH_AFTER_JAM = 1 / 8;
// So many calls that were taken meanwhile show that a refusal is the refused call's own matter.
const ANSWERS_OF_OTHERS = 3;

const limiters = new Map<string, Limiter>();

/** The limiter of a key, one for the whole process: calls that share the provider's limit share the waiting. */
export function limiterOf(key: string, options?: LimiterOptions): Limiter {
  const limiter = limiters.get(key) ?? new Limiter();
  limiters.set(key, limiter);
  if (options !== undefined) limiter.configure(options);
  return limiter;
}

/**
 * Decides when the next call may start: as many at once as the server bears, none while it asks to wait, no more than
 * its headers leave until their reset, and no faster than it was seen to bear.
 */
export class Limiter {
  readonly #waiters = new Set<Waiter>();
  /** By model, from its own answers. Each counts every call, since models may share a limit. */
  readonly #allowances = new Map<string, Allowances>();
  /** The latest allowances; used for a model that has none of its own yet. */
  #latest: Allowances | undefined;
  #started = 0;
  #refusals = 0;
  readonly #refusedCalls = new WeakMap<object, SeenAtRefusal>();
  readonly #pace = new Pace();
  #requestRate: RateBucket | undefined;
  #tokenRate: RateBucket | undefined;
  #options: LimiterOptions = {};
  #concurrency = FIRST_CONCURRENCY;
  #maxConcurrency = Infinity;
  #active = 0;
  #meanLatencyMs: number | undefined;
  #pausedUntilMs = 0;
  /** Refusals of calls up to this one are of the same jam. */
  #jammedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Some call of the key was answered. */
  get hasAnswered(): boolean {
    return [...this.#allowances.values()].some(({ answers }) => answers > 0);
  }

  /** What is given holds from now on, and what was given before and is not given now stays. */
  configure({ requestsPerMinute, tokensPerMinute, maxConcurrency }: LimiterOptions): void {
    const before = this.#options;
    this.#options = {
      requestsPerMinute: requestsPerMinute ?? before.requestsPerMinute,
      tokensPerMinute: tokensPerMinute ?? before.tokensPerMinute,
    };
    if (this.#options.requestsPerMinute !== before.requestsPerMinute) this.#requestRate = bucketOf(requestsPerMinute);
    if (this.#options.tokensPerMinute !== before.tokensPerMinute) this.#tokenRate = bucketOf(tokensPerMinute);
    if (maxConcurrency !== undefined) this.#maxConcurrency = this.#concurrency = maxConcurrency;
    this.#startWaiting();
  }

  /** Waits for its turn. An `LlmError` of kind `aborted` when the signal fires first. */
  acquire(signal: AbortSignal, { tokens = 1, model = "", call }: CallToStart = {}): Promise<Permit> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        tokens: Math.max(1, tokens),
        model,
        call,
        start: (started) => {
          stopListening();
          resolve(this.#createPermit(started));
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
    for (const { requests, tokens } of this.#allowances.values()) {
      requests.delay(this.#pausedUntilMs);
      tokens.delay(this.#pausedUntilMs);
    }
    this.#startWaiting();
  }

  #createPermit(started: Started): Permit {
    const { atMs, number } = started;
    let isReleased = false;
    return {
      succeeded: (rateLimit) => {
        const nowMs = performance.now();
        const latencyMs = nowMs - atMs;
        const before = this.#meanLatencyMs ?? latencyMs;
        this.#meanLatencyMs = before + (latencyMs - before) * WEIGHT_OF_LATEST;
        this.#allowancesOf(started.model).answers += 1;
        this.#pace.succeeded(nowMs);
        this.#growConcurrency();
        this.#observe(rateLimit, started);
      },
      rateLimited: ({ waitMs, isTold, rateLimit }) => {
        if (this.#isRefusedAlone(started)) return false;
        const nowMs = performance.now();
        const isNew = number > this.#jammedAt;
        this.#pace.refused({ atMs, nowMs, isNew, waitMs: isTold ? waitMs : undefined });
        if (isNew) {
          this.#jammedAt = this.#started;
          this.#shrinkConcurrency();
        }
        // What a refusal asks to wait outranks its headers: some of them name the reset of a whole day.
        const resetMs = isTold ? Math.min(waitMs, rateLimit?.resetMs ?? waitMs) : rateLimit?.resetMs;
        this.#observe(rateLimit === undefined ? undefined : { ...rateLimit, resetMs }, started);
        this.pause(waitMs);
        return true;
      },
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#active -= 1;
        this.#startWaiting();
      },
    };
  }

  #isRefusedAlone({ call, model }: Started): boolean {
    const { answers } = this.#allowancesOf(model);
    const before = call === undefined ? undefined : this.#refusedCalls.get(call);
    if (before !== undefined && before.refusals === this.#refusals && answers - before.answers >= ANSWERS_OF_OTHERS)
      return true;
    this.#refusals += 1;
    if (call !== undefined) this.#refusedCalls.set(call, { answers, refusals: this.#refusals });
    return false;
  }

  #growConcurrency(): void {
    if (this.#active < Math.floor(this.#concurrency)) return;
    // Twice as many with every round of answers, until the first jam.
    const more = this.#jammedAt === 0 ? 1 : Math.max(1 / this.#concurrency, GROWTH_AFTER_JAM);
    this.#concurrency = Math.min(this.#maxConcurrency, this.#concurrency + more);
  }

  #shrinkConcurrency(): void {
    const needed = (this.#pace.perMs ?? 0) * (this.#meanLatencyMs ?? 0) * CONCURRENCY_RESERVE;
    const fewer = Math.max(1, this.#concurrency / 2, Math.min(needed, this.#concurrency));
    this.#concurrency = Math.min(this.#maxConcurrency, fewer);
  }

  #observe(rateLimit: RateLimit | undefined, { model, atMs, requests, tokens }: Started): void {
    // Without a reset nobody knows how long to wait for it.
    if (rateLimit?.resetMs === undefined) return;
    const { remainingRequests, remainingTokens } = rateLimit;
    const nowMs = performance.now();
    const known = this.#allowancesOf(model);
    const seen = { resetMs: Math.min(rateLimit.resetMs, MAX_RESET_MS), atMs };
    if (remainingRequests !== undefined)
      known.requests.observe({ ...seen, remaining: remainingRequests, mark: requests }, nowMs);
    if (remainingTokens !== undefined)
      known.tokens.observe({ ...seen, remaining: remainingTokens, mark: tokens }, nowMs);
    this.#latest = known;
    this.#startWaiting();
  }

  #allowancesOf(model: string): Allowances {
    const known = this.#allowances.get(model) ?? { requests: new Allowance(), tokens: new Allowance(), answers: 0 };
    this.#allowances.set(model, known);
    return known;
  }

  #startWaiting(): void {
    clearTimeout(this.#timer);
    let soonestMs = Infinity;
    const blocked = new Set<string>();
    for (const waiter of this.#waiters) {
      if (blocked.has(waiter.model)) continue;
      const nowMs = performance.now();
      const waitMs = this.#waitMs(waiter, nowMs);
      const roomMs = this.#roomMs(waiter, nowMs);
      if (waitMs <= 0 && roomMs <= 0) {
        this.#waiters.delete(waiter);
        this.#start(waiter, nowMs);
        continue;
      }
      soonestMs = Math.min(soonestMs, Math.max(waitMs, roomMs));
      // What holds one call back holds all of them back; what its model has left, only the others of this model.
      if (waitMs > 0) break;
      blocked.add(waiter.model);
    }
    if (this.#waiters.size === 0) this.#pace.idle();
    // An endless wait ends with the next release or answer.
    else if (soonestMs < Infinity) this.#timer = setTimeout(() => this.#startWaiting(), Math.ceil(soonestMs));
  }

  #start({ model, tokens, call, start }: Waiter, nowMs: number): void {
    this.#active += 1;
    this.#started += 1;
    this.#pace.take(nowMs);
    this.#requestRate?.take(1, nowMs);
    this.#tokenRate?.take(tokens, nowMs);
    const own = this.#allowancesOf(model);
    for (const others of this.#allowances.values()) {
      if (others === own) continue;
      others.requests.take(1, nowMs);
      others.tokens.take(tokens, nowMs);
    }
    start({
      model,
      call,
      atMs: nowMs,
      number: this.#started,
      requests: own.requests.take(1, nowMs),
      tokens: own.tokens.take(tokens, nowMs),
    });
  }

  #waitMs({ tokens }: Waiter, nowMs: number): number {
    if (this.#active >= Math.floor(this.#concurrency)) return Infinity;
    return Math.max(
      0,
      this.#pausedUntilMs - nowMs,
      this.#pace.waitMs(nowMs),
      this.#requestRate?.waitMs(1, nowMs) ?? 0,
      this.#tokenRate?.waitMs(tokens, nowMs) ?? 0,
    );
  }

  #roomMs({ model, tokens }: Waiter, nowMs: number): number {
    const own = this.#allowancesOf(model);
    const known = own.requests.isKnown || own.tokens.isKnown ? own : (this.#latest ?? own);
    const roomMs = Math.max(known.requests.waitMs(1, nowMs), known.tokens.waitMs(tokens, nowMs));
    // If the allowance is unknown, the calls in flight will reveal it; if there are none, this call goes out and does.
    return roomMs === Infinity && this.#active === 0 ? 0 : roomMs;
  }
}

function bucketOf(perMinute: number | undefined): RateBucket | undefined {
  if (perMinute === undefined) return undefined;
  const perMs = perMinute / 60_000;
  return new RateBucket({ perMs, capacity: Math.max(1, perMs * BURST_MS) });
}
