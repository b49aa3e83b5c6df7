import type { CallBook } from "./call-book.ts";

// Room for an answer that nothing is known of, and for those that are longer than all before them.
const MIN_LIMIT = 1_024;
// So many answers say how long one gets.
const ENOUGH_ANSWERS = 5;
const GROWTH = 4;

export interface OutputLimit {
  /** Sent with the request. */
  readonly tokens: number;
  /** The most that comes back: more than `tokens` where the server has been seen to ignore its limit. */
  readonly maxTokens: number;
  /** Nobody asked for it, so an answer that it cuts off is asked again. */
  readonly isLearned: boolean;
}

/**
 * Limits of output for calls under a budget: unless a limit is sent, the maximum cost of a call is unknown.
 * One that is not configured is learned from the answers so far.
 */
export class OutputLimits {
  readonly #book: CallBook | undefined;
  readonly #configured: number | undefined;
  readonly #lengths = new Map<string, { answers: number; longest: number }>();
  readonly #first = new Map<string, Promise<void>>();

  constructor(options: { readonly book: CallBook | undefined; readonly configured: number | undefined }) {
    this.#book = options.book;
    this.#configured = options.configured;
  }

  /** The limit for a call; a tight one where money is short, and a larger one where the last cut the answer off. */
  limitOf(signature: string, { isShort, cutAt }: { readonly isShort: boolean; readonly cutAt?: number | undefined }) {
    const { answers, longest } = this.#lengths.get(signature) ?? { answers: 0, longest: 0 };
    if (this.#configured !== undefined) return limit(this.#configured, { longest, isLearned: false });
    if (cutAt !== undefined) return limit(GROWTH * cutAt, { longest, isLearned: false });
    const isTight = isShort && answers >= ENOUGH_ANSWERS;
    return limit(Math.max(2 * longest, isTight ? 1 : MIN_LIMIT), { longest, isLearned: true });
  }

  learn(signature: string, outputTokens: number | null): void {
    if (outputTokens === null) return;
    const known = this.#lengths.get(signature) ?? { answers: 0, longest: 0 };
    this.#lengths.set(signature, { answers: known.answers + 1, longest: Math.max(known.longest, outputTokens) });
  }

  /**
   * Does `work`; the first of a signature that nothing is known of alone, so that a server that ignores its limit is
   * found out by one call and not by all that may run at once.
   */
  async inTurn<Result>(signature: string, model: string, work: () => Promise<Result>): Promise<Result> {
    const first = this.#first.get(signature);
    if (first !== undefined) {
      await first;
      return work();
    }
    let end: () => void = () => undefined;
    this.#first.set(signature, new Promise((resolve) => (end = resolve)));
    try {
      const known = await this.#book?.answerLengths(signature, model);
      if (known !== undefined && known.answers > 0) {
        this.#lengths.set(signature, { ...known });
        end();
      }
      return await work();
    } finally {
      end();
    }
  }
}

function limit(tokens: number, { longest, isLearned }: { readonly longest: number; readonly isLearned: boolean }) {
  return { tokens, maxTokens: longest > tokens ? 2 * longest : tokens, isLearned } satisfies OutputLimit;
}
