import { abortedError, onAbort } from "./on-abort.ts";

export interface BudgetOptions {
  /** What was spent before, by an earlier part of the same run. */
  readonly spentUsd?: number | undefined;
  /** Called with the new total whenever a call has been paid. */
  readonly onSettle?: ((spentUsd: number) => void) | undefined;
  /** A larger sum that this one is a part of. */
  readonly within?: Budget | undefined;
}

interface Waiter {
  readonly usd: number;
  readonly answer: (fits: boolean) => void;
}

// Sums of fractions are a little off; a budget of 0.3 has room for 0.1 and 0.2.
const ROUNDING_USD = 1e-9;

/**
 * A sum that calls may cost together. Every call first reserves the most that it can cost and later settles what it
 * did cost, so that calls in flight cannot exceed the sum either.
 */
export class Budget {
  readonly maxUsd: number;
  readonly #onSettle: BudgetOptions["onSettle"];
  readonly #within: Budget | undefined;
  readonly #waiters = new Set<Waiter>();
  #spentUsd: number;
  #reservedUsd = 0;
  #callsInFlight = 0;

  constructor(maxUsd: number, { spentUsd = 0, onSettle, within }: BudgetOptions = {}) {
    this.maxUsd = maxUsd;
    this.#spentUsd = spentUsd;
    this.#onSettle = onSettle;
    this.#within = within;
  }

  get spentUsd(): number {
    return this.#spentUsd;
  }

  /**
   * Whether there is room for `usd`. Reservations are pessimistic, so one that does not fit waits for the calls in
   * flight to settle before it is refused. Rejects as `aborted` when the signal fires.
   */
  async reserve(usd: number, signal: AbortSignal): Promise<boolean> {
    if (!(await this.#reserveHere(usd, signal))) return false;
    if (this.#within === undefined) return true;
    let isWithin = false;
    try {
      isWithin = await this.#within.reserve(usd, signal);
      return isWithin;
    } finally {
      if (!isWithin) this.#settleHere(usd, 0);
    }
  }

  async #reserveHere(usd: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) throw abortedError(signal);
    if (this.#take(usd)) return true;
    if (this.#callsInFlight === 0) return false;
    return this.#wait(usd, signal);
  }

  /** Ends a reservation with what the call did cost, also when it failed. */
  settle(reservedUsd: number, actualUsd: number): void {
    this.#within?.settle(reservedUsd, actualUsd);
    this.#settleHere(reservedUsd, actualUsd);
  }

  /** Counts what was spent at an earlier time and is a part of this sum all the same. */
  count(usd: number): void {
    this.#spentUsd += usd;
  }

  #settleHere(reservedUsd: number, actualUsd: number): void {
    this.#callsInFlight -= 1;
    this.#reservedUsd = this.#callsInFlight === 0 ? 0 : this.#reservedUsd - reservedUsd;
    this.#spentUsd += actualUsd;
    for (const waiter of this.#waiters) {
      if (this.#take(waiter.usd)) waiter.answer(true);
    }
    // Nothing is left that could settle for less than it reserved.
    if (this.#callsInFlight === 0) for (const waiter of this.#waiters) waiter.answer(false);
    this.#onSettle?.(this.#spentUsd);
  }

  #wait(usd: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        usd,
        answer: (fits) => {
          stopListening();
          this.#waiters.delete(waiter);
          resolve(fits);
        },
      };
      this.#waiters.add(waiter);
      const stopListening = onAbort(signal, () => {
        this.#waiters.delete(waiter);
        reject(abortedError(signal));
      });
    });
  }

  #take(usd: number): boolean {
    if (this.#spentUsd + this.#reservedUsd + usd > this.maxUsd + ROUNDING_USD) return false;
    this.#reservedUsd += usd;
    this.#callsInFlight += 1;
    return true;
  }
}
