export interface RateBucketOptions {
  readonly perMs: number;
  /** The most that it holds. */
  readonly capacity: number;
  /** What it holds at first; all of it unless given. */
  readonly level?: number;
}

/** Fills steadily; what is taken from it may be more than it holds, and is then owed. */
export class RateBucket {
  #perMs: number;
  #capacity: number;
  #level: number;
  #filledAtMs = 0;

  constructor({ perMs, capacity, level = capacity }: RateBucketOptions) {
    this.#perMs = perMs;
    this.#capacity = capacity;
    this.#level = level;
  }

  /** From now on it fills at another speed. */
  refillAt(perMs: number, capacity: number, nowMs: number): void {
    this.#level = this.#levelAt(nowMs);
    this.#filledAtMs = nowMs;
    this.#perMs = perMs;
    this.#capacity = capacity;
  }

  /** How long until there is room. What is larger than the bucket may start when it is full, and empties it for long. */
  waitMs(amount: number, nowMs: number): number {
    const missing = Math.min(amount, this.#capacity) - this.#levelAt(nowMs);
    return missing <= 0 ? 0 : missing / this.#perMs;
  }

  take(amount: number, nowMs: number): void {
    this.#level = this.#levelAt(nowMs) - amount;
    this.#filledAtMs = nowMs;
  }

  /** What it held is gone. */
  empty(nowMs: number): void {
    this.take(Math.max(0, this.#levelAt(nowMs)), nowMs);
  }

  #levelAt(nowMs: number): number {
    return Math.min(this.#capacity, this.#level + (nowMs - this.#filledAtMs) * this.#perMs);
  }
}
