// Timers are late by a few milliseconds; what they miss may be caught up.
const BURST_MS = 100;

/** Spreads requests, or tokens, evenly over the minute. */
export class RateBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #level: number;
  #filledAtMs = 0;

  constructor(perMinute: number) {
    this.#perMs = perMinute / 60_000;
    this.#capacity = Math.max(1, this.#perMs * BURST_MS);
    this.#level = this.#capacity;
  }

  /** How long until there is room. What is larger than the bucket may start when it is full, and empties it for long. */
  waitMs(amount: number, nowMs: number): number {
    const missing = Math.min(amount, this.#capacity) - this.#levelAt(nowMs);
    return Math.max(0, missing / this.#perMs);
  }

  take(amount: number, nowMs: number): void {
    this.#level = this.#levelAt(nowMs) - amount;
    this.#filledAtMs = nowMs;
  }

  #levelAt(nowMs: number): number {
    return Math.min(this.#capacity, this.#level + (nowMs - this.#filledAtMs) * this.#perMs);
  }
}
