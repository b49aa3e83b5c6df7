import { formatDuration } from "../../core/duration.ts";
import { LlmError, type LlmErrorKind } from "./llm-error.ts";
import { abortedError, sleep, unlessAborted } from "./on-abort.ts";

/** Failures that say something about the provider and nothing about what it was asked. */
const OUTAGE_KINDS: ReadonlySet<LlmErrorKind> = new Set(["server", "network", "timeout"]);

/** A provider that does not answer, as reported to the calls that wait for it. */
export interface Outage {
  readonly provider: string;
  readonly forMs: number;
  /** Until one call asks whether it is back; undefined once it is. */
  readonly nextTryMs: number | undefined;
}

// Failures one after another, of whichever calls, that are no coincidence.
const FAILURES_TO_OPEN = 8;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 5 * 60_000;

/**
 * Stops calling a provider that is down. When calls fail one after another and none succeeds, all of them wait, and one
 * at a time asks whether it is back: after 1, 2, 4 … 60 seconds.
 */
export class Breaker {
  readonly #provider: string;
  #failures = 0;
  #firstFailureAtMs = 0;
  #waitMs = FIRST_WAIT_MS;
  /** There while one call asks, or is about to; settles when it knows. */
  #probe: { readonly ended: Promise<void>; readonly end: () => void } | undefined;

  constructor(provider: string) {
    this.#provider = provider;
  }

  get isOpen(): boolean {
    return this.#failures >= FAILURES_TO_OPEN;
  }

  /**
   * Waits while the provider is down. Fails when it has been down for longer than `timeoutMs`. True for the call that
   * asks whether it is back, which has to `leave` when it knows.
   */
  async pass({ signal, timeoutMs = DEFAULT_TIMEOUT_MS, onOutage }: PassOptions): Promise<boolean> {
    while (this.isOpen) {
      if (signal.aborted) throw abortedError(signal);
      if (this.#forMs >= timeoutMs) throw this.#lasting(timeoutMs);
      if (this.#probe !== undefined) {
        await unlessAborted(this.#probe.ended, signal);
        continue;
      }
      this.#beginProbe();
      // A timer may fire a moment early; the end of the wait must not be taken for a chance to ask.
      const waitMs = Math.min(this.#waitMs, timeoutMs - this.#forMs + 1);
      this.#waitMs = Math.min(MAX_WAIT_MS, 2 * this.#waitMs);
      onOutage?.({ provider: this.#provider, forMs: this.#forMs, nextTryMs: waitMs });
      try {
        await sleep(waitMs, signal);
      } catch (error) {
        this.leave();
        throw error;
      }
      if (this.#forMs < timeoutMs) return true;
      this.leave();
    }
    return false;
  }

  /** The call that asked has ended, or was not made after all: the next one may ask. */
  leave(): void {
    this.#probe?.end();
    this.#probe = undefined;
  }

  succeeded(onOutage?: PassOptions["onOutage"]): void {
    if (this.isOpen) onOutage?.({ provider: this.#provider, forMs: this.#forMs, nextTryMs: undefined });
    this.#failures = 0;
    this.#waitMs = FIRST_WAIT_MS;
    this.leave();
  }

  failed(kind: LlmErrorKind, onOutage?: PassOptions["onOutage"]): void {
    if (kind === "aborted") return;
    // Any other failure is an answer: the provider is there.
    if (!OUTAGE_KINDS.has(kind)) return this.succeeded(onOutage);
    if (this.#failures === 0) this.#firstFailureAtMs = performance.now();
    this.#failures += 1;
  }

  #beginProbe(): void {
    let end: () => void = () => undefined;
    this.#probe = { ended: new Promise((resolve) => (end = resolve)), end: () => end() };
  }

  get #forMs(): number {
    return performance.now() - this.#firstFailureAtMs;
  }

  #lasting(timeoutMs: number): LlmError {
    // The next run begins with calls, not with waiting.
    this.#failures = 0;
    this.#waitMs = FIRST_WAIT_MS;
    return new LlmError("outage", `${this.#provider} has not answered for ${formatDuration(timeoutMs)}.`, {
      hint: "Nothing is lost: run again when the provider is back. `llm.outageTimeoutMs` says how long a run waits.",
    });
  }
}

export interface PassOptions {
  readonly signal: AbortSignal;
  /** How long a provider may be down. 5 minutes unless said otherwise. */
  readonly timeoutMs?: number | undefined;
  readonly onOutage?: ((outage: Outage) => void) | undefined;
}

const breakers = new Map<string, Breaker>();

/** The breaker of all calls of this process that share a limit. */
export function breakerOf(limiterKey: string, provider: string): Breaker {
  const known = breakers.get(limiterKey);
  if (known !== undefined) return known;
  const breaker = new Breaker(provider);
  breakers.set(limiterKey, breaker);
  return breaker;
}
