/** What an answer says is left, and after how long all of it is there again. */
export interface Observed {
  readonly remaining: number;
  readonly resetMs: number;
  /** What was `taken` right after the call of this answer had started. */
  readonly atTaken: number;
}

/**
 * What a server still takes, requests or tokens, as the headers of its answers tell. An answer counts what had arrived
 * when its own call did, so everything started after that call is still to be taken off.
 *
 * Some servers count in windows: nothing comes back before the reset. Others fill up steadily, and every call moves
 * their reset a little further; waiting for it would leave what has come back meanwhile unused.
 */
export class Allowance {
  #taken = 0;
  #most = 0;
  #remaining = Infinity;
  #seenAtMs = 0;
  /** Answers to calls up to this one tell nothing new. */
  #seenAtTaken = 0;
  /** Undefined until a header says. */
  #resetAtMs: number | undefined;
  /** How much comes back in a millisecond before the reset. */
  #perMs = 0;
  #first: { readonly nowMs: number; readonly resetAtMs: number; readonly atTaken: number } | undefined;

  /** Everything that calls ever took. */
  get taken(): number {
    return this.#taken;
  }

  take(amount: number): void {
    this.#taken += amount;
  }

  observe({ remaining, resetMs, atTaken }: Observed, nowMs: number): void {
    this.#resetIfDue(nowMs);
    if (atTaken <= this.#seenAtTaken) return;
    const resetAtMs = nowMs + resetMs;
    this.#most = Math.max(this.#most, remaining);
    // A window has ended earlier than thought.
    if (remaining - this.#remaining > this.#most / 2) this.#first = undefined;
    this.#first ??= { nowMs, resetAtMs, atTaken };
    const perMs = resetMs > 0 ? (this.#most - remaining) / resetMs : 0;
    const movedMs = resetAtMs - this.#first.resetAtMs;
    const isFilling =
      movedMs > (nowMs - this.#first.nowMs) / 2 && movedMs * perMs > (atTaken - this.#first.atTaken) / 2;
    this.#perMs = isFilling ? perMs : 0;
    this.#remaining = remaining;
    this.#seenAtMs = nowMs;
    this.#seenAtTaken = atTaken;
    this.#resetAtMs = resetAtMs;
  }

  /** Until a call fits; one that is larger than the server ever allows fits into all of it. `Infinity`: nobody knows. */
  waitMs(amount: number, nowMs: number): number {
    this.#resetIfDue(nowMs);
    const present = Math.min(
      Math.max(this.#most, this.#remaining),
      this.#remaining + (nowMs - this.#seenAtMs) * this.#perMs,
    );
    const missing = Math.min(amount, Math.max(1, this.#most)) - (present - (this.#taken - this.#seenAtTaken));
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

  #resetIfDue(nowMs: number): void {
    if (this.#resetAtMs === undefined || nowMs < this.#resetAtMs) return;
    // As much as was ever seen is there again.
    this.#remaining = this.#most === 0 ? 1 : this.#most;
    this.#seenAtMs = nowMs;
    this.#seenAtTaken = this.#taken;
    this.#resetAtMs = undefined;
    this.#perMs = 0;
    this.#first = undefined;
  }
}
