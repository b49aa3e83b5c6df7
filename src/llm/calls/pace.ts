import { RateBucket } from "./rate-bucket.ts";

/** A moment at which the server had nothing left: it refused a call. */
interface Refusal {
  /** When there was something again, where the server has said so; otherwise when the call was made. */
  readonly atMs: number;
  /** Calls that it had taken until then. */
  taken: number;
}

export interface RefusedCall {
  /** When it was made. */
  readonly atMs: number;
  readonly nowMs: number;
  /** False for a call that was on its way when another one was refused. */
  readonly isNew: boolean;
  /** Undefined where the server did not say. */
  readonly waitMs: number | undefined;
}

/** A rate as it was seen. */
interface Measured {
  readonly perMs: number;
  readonly atMs: number;
  readonly growthMs: number;
}

interface Speed {
  readonly perMs: number;
  readonly burst: number;
  /** Factor for every answer. */
  readonly growth: number;
}

// A server without a limit is at full speed within a few answers; one that has one has refused a few calls by then.
const FIRST: Speed = { perMs: 0.08, burst: 8, growth: 1.3 };
const AFTER_A_REFUSAL: Speed = { perMs: 0.05, burst: 2, growth: 1.05 };
const FULL_PER_MS = 5;
// What late timers miss is caught up.
const TIMER_MS = 20;
// Refusals that the rate is measured over: a server that counts in windows is seen in several of them.
const MEASURED_REFUSALS = 5;
// Fewer calls between refusals say too little.
const LEAST_TAKEN = 6;
// Slower than what was measured, so that the server is not at its limit all the time.
const MARGIN = 0.98;
// Calls that had to be this much faster to be refused were too slow before: the server was not seen at its limit.
const LEAST_OF_PRESENT = 0.7;
// The longer it was measured, the longer it takes until the rate has grown by a factor of e.
const GROWTH_BY_MEASURED = 5;
const LEAST_GROWTH = { ms: 4_000, calls: 40 };
const MOST_GROWTH = { ms: 40_000, calls: 200 };
const MAX_GROWTH = 20;
const MAX_SAVED_MS = 60_000;
// How much faster than the rate calls catch up on what was saved: a refusal must come in time.
const CATCH_UP = 5;

/**
 * How fast calls may start where a server does not say how many it takes. It begins carefully and gets faster with
 * every answer, until a call is refused. Between two refusals, everything that the server had to give was taken: that
 * many calls in that time are its rate, whichever way it counts them. Calls keep to it from then on, catch up on what
 * was saved while they had to wait, and get a little faster until the next refusal.
 */
export class Pace {
  readonly #start = new RateBucket({ perMs: FIRST.perMs, capacity: FIRST.burst });
  #speed = FIRST;
  #startPerMs = FIRST.perMs;
  #rate: RateBucket | undefined;
  #ratePerMs = 0;
  #measured: Measured = { perMs: 0, atMs: 0, growthMs: LEAST_GROWTH.ms };
  #refusals: readonly Refusal[] = [];
  #taken = 0;

  /** Calls in a millisecond that the server was seen to bear; undefined while it bears all. */
  get perMs(): number | undefined {
    return this.#rate === undefined ? undefined : this.#ratePerMs;
  }

  waitMs(nowMs: number): number {
    this.#growRate(nowMs);
    return Math.max(this.#start.waitMs(1, nowMs), this.#rate?.waitMs(1, nowMs) ?? 0);
  }

  take(nowMs: number): void {
    this.#taken += 1;
    this.#start.take(1, nowMs);
    this.#rate?.take(1, nowMs);
  }

  succeeded(nowMs: number): void {
    if (this.#rate === undefined) this.#setStart(this.#startPerMs * this.#speed.growth, nowMs);
  }

  /** Fewer calls came than were borne: what the server takes cannot be seen from them. */
  idle(): void {
    this.#refusals = [];
  }

  refused({ atMs, nowMs, isNew, waitMs }: RefusedCall): void {
    this.#taken -= 1;
    const last = this.#refusals.at(-1);
    if (!isNew && last !== undefined) {
      last.taken -= 1;
    } else {
      const refusal = { atMs: waitMs === undefined ? atMs : nowMs + waitMs, taken: this.#taken };
      this.#refusals = [...this.#refusals.slice(1 - MEASURED_REFUSALS), refusal];
    }
    this.#measure(nowMs, isNew);
    if (!isNew) return;
    this.#rate?.empty(nowMs);
    this.#start.empty(nowMs);
  }

  #measure(nowMs: number, isNew: boolean): void {
    const [first] = this.#refusals;
    const last = this.#refusals.at(-1);
    const elapsedMs = (last?.atMs ?? 0) - (first?.atMs ?? 0);
    const taken = (last?.taken ?? 0) - (first?.taken ?? 0);
    const seenPerMs = elapsedMs > 0 && taken >= LEAST_TAKEN ? (taken / elapsedMs) * MARGIN : 0;
    if (isNew && last !== undefined && seenPerMs < this.#ratePerMs * LEAST_OF_PRESENT) {
      this.#refusals = [last];
      this.#setRate(this.#ratePerMs * LEAST_OF_PRESENT, { measuredMs: 0, nowMs });
    } else if (seenPerMs > 0) {
      this.#setRate(seenPerMs, { measuredMs: elapsedMs, nowMs });
    } else if (isNew && this.#rate === undefined) {
      this.#speed = AFTER_A_REFUSAL;
      this.#setStart(AFTER_A_REFUSAL.perMs, nowMs);
    }
  }

  #setRate(perMs: number, { measuredMs, nowMs }: { readonly measuredMs: number; readonly nowMs: number }): void {
    const [leastMs, mostMs] = [LEAST_GROWTH, MOST_GROWTH].map(({ ms, calls }) => Math.max(ms, calls / perMs));
    const growthMs = Math.min(mostMs ?? 0, Math.max(leastMs ?? 0, measuredMs * GROWTH_BY_MEASURED));
    this.#measured = { perMs, atMs: nowMs, growthMs };
    this.#ratePerMs = perMs;
    this.#rate ??= new RateBucket({ perMs, capacity: savedAt(perMs), level: 0 });
    this.#rate.refillAt(perMs, savedAt(perMs), nowMs);
    this.#setStart(Math.max(AFTER_A_REFUSAL.perMs, perMs * CATCH_UP), nowMs);
  }

  #growRate(nowMs: number): void {
    if (this.#rate === undefined) return;
    const { perMs, atMs, growthMs } = this.#measured;
    this.#ratePerMs = perMs * Math.min(MAX_GROWTH, Math.exp(((nowMs - atMs) / growthMs) ** 2));
    this.#rate.refillAt(this.#ratePerMs, savedAt(this.#ratePerMs), nowMs);
  }

  #setStart(perMs: number, nowMs: number): void {
    this.#startPerMs = Math.min(perMs, FULL_PER_MS);
    this.#start.refillAt(this.#startPerMs, Math.max(this.#speed.burst, this.#startPerMs * TIMER_MS), nowMs);
  }
}

const savedAt = (perMs: number): number => Math.max(1, perMs * MAX_SAVED_MS);
