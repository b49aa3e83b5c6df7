/** A call as it was counted when it started. */
export interface Mark {
  /** Everything that was taken until then, this call included. */
  readonly taken: number;
  /** What was left, as far as was known. */
  readonly level: number;
  /** Sum of the corrections until then. */
  readonly corrected: number;
}

/** What an answer reports as left, and how long until all of it is back. */
export interface Observed {
  readonly remaining: number;
  readonly resetMs: number;
  /** When the server counted. */
  readonly atMs: number;
  readonly mark: Mark;
}

/**
 * What a server still accepts, requests or tokens, by the headers of its answers. An answer reports what was left when
 * its own call arrived; the difference from our estimate at that time is corrected now.
 *
 * Some servers count in windows: nothing comes back before the reset. Others fill up steadily, and every call moves
 * their reset a little further; waiting for it would leave what has come back meanwhile unused.
 */
export class Allowance {
  #most = 0;
  /** `Infinity` until a header gives it. */
  #level = Infinity;
  #levelAtMs = 0;
  /** How much comes back in a millisecond before the reset. */
  #perMs = 0;
  #resetAtMs: number | undefined;
  #taken = 0;
  #corrected = 0;
  /** Answers to calls up to this one add nothing new. */
  #seenAtTaken = 0;
  #first: { readonly atMs: number; readonly resetAtMs: number; readonly taken: number } | undefined;

  get isKnown(): boolean {
    return this.#level < Infinity;
  }

  take(amount: number, nowMs: number): Mark {
    this.#fill(nowMs);
    this.#taken += amount;
    this.#level -= amount;
    return { taken: this.#taken, level: this.#level, corrected: this.#corrected };
  }

  observe({ remaining, resetMs, atMs, mark }: Observed, nowMs: number): void {
    this.#fill(nowMs);
    if (mark.taken <= this.#seenAtTaken) return;
    this.#seenAtTaken = mark.taken;
    const resetAtMs = atMs + resetMs;
    this.#most = Math.max(this.#most, remaining);
    // The answer took longer than the server's window, so its numbers are out of date.
    if (resetAtMs <= nowMs) return this.#forget();
    const isFirst = !this.isKnown || mark.level === Infinity;
    const correction = isFirst ? 0 : remaining - mark.level - (this.#corrected - mark.corrected);
    this.#corrected += correction;
    this.#level = Math.min(this.#most, isFirst ? remaining - (this.#taken - mark.taken) : this.#level + correction);
    // A window has ended earlier than thought.
    if (correction > this.#most / 2) this.#first = undefined;
    this.#readReset({ atMs, resetAtMs, remaining, taken: mark.taken });
  }

  #readReset({
    atMs,
    resetAtMs,
    remaining,
    taken,
  }: {
    atMs: number;
    resetAtMs: number;
    remaining: number;
    taken: number;
  }) {
    this.#first ??= { atMs, resetAtMs, taken };
    const perMs = resetAtMs > atMs ? (this.#most - remaining) / (resetAtMs - atMs) : 0;
    const movedMs = resetAtMs - this.#first.resetAtMs;
    const isFilling = movedMs > (atMs - this.#first.atMs) / 2 && movedMs * perMs > (taken - this.#first.taken) / 2;
    this.#perMs = isFilling ? perMs : 0;
    this.#resetAtMs = resetAtMs;
  }

  #forget(): void {
    this.#level = Infinity;
    this.#perMs = 0;
    this.#resetAtMs = undefined;
    this.#first = undefined;
  }

  /** Until a call fits; one that is larger than the server ever allows fits into all of it. `Infinity`: nobody knows. */
  waitMs(amount: number, nowMs: number): number {
    this.#fill(nowMs);
    const missing = Math.min(amount, Math.max(1, this.#most)) - this.#level;
    if (missing <= 0) return 0;
    const untilResetMs = this.#resetAtMs === undefined ? Infinity : this.#resetAtMs - nowMs;
    return this.#perMs > 0 ? Math.min(untilResetMs, missing / this.#perMs) : untilResetMs;
  }

  /** Everybody waits until then: what the headers said before is over. */
  delay(untilMs: number): void {
    if (this.#resetAtMs !== undefined) this.#resetAtMs = Math.max(this.#resetAtMs, untilMs);
    this.#perMs = 0;
    this.#first = undefined;
  }

  #fill(nowMs: number): void {
    if (this.#resetAtMs !== undefined && nowMs >= this.#resetAtMs) {
      // As much as was ever seen is there again.
      this.#level = this.#most === 0 ? 1 : this.#most;
      this.#seenAtTaken = this.#taken;
      this.#resetAtMs = undefined;
      // One that fills up goes on filling; a window begins that nothing is known of.
      if (this.#perMs === 0) this.#first = undefined;
    } else if (this.isKnown) {
      this.#level = Math.min(Math.max(this.#most, this.#level), this.#level + (nowMs - this.#levelAtMs) * this.#perMs);
    }
    this.#levelAtMs = nowMs;
  }
}
