import { mapConcurrently } from "../../core/map-concurrently.ts";
import { CodedError, MillraceError } from "../../core/errors.ts";
import { LlmError, type LlmErrorKind } from "../calls/llm-error.ts";
import type { Prompt } from "../prompts/prompt.ts";
import type { LlmSession } from "../answers/session.ts";
import { CostMeter, type CostMeterOptions, addCosts, type Costs, NO_COSTS } from "./cost-meter.ts";
import type { Example } from "./examples.ts";
import { asJudgement, type Metric } from "./metrics.ts";
import { mean } from "./statistics.ts";

/** The result of one example; without an answer it scores 0. */
export interface ScoredExample<Output = unknown> {
  readonly index: number;
  readonly score: number;
  readonly output: Output | undefined;
  /** What the metric said was wrong. */
  readonly feedback: string | undefined;
  /** Why there is no answer. */
  readonly error: LlmErrorKind | undefined;
}

/** How well a prompt does on some examples. */
export interface Scored extends Costs {
  readonly score: number;
  readonly examples: readonly ScoredExample[];
}

export interface ScorerOptions {
  readonly session: LlmSession;
  /** Answers what the metric asks. */
  readonly judge: LlmSession;
  readonly metric: Metric<never, never, never>;
  readonly concurrency: number;
  readonly account: CostMeterOptions;
  /** An unreachable server says nothing about a prompt: there is no score then, instead of a low one. */
  readonly failsOnOutage: boolean;
}

/** Puts examples to a model and scores its answers. */
export class Scorer {
  readonly #options: ScorerOptions;

  constructor(options: ScorerOptions) {
    this.#options = options;
  }

  async score(
    program: Prompt,
    examples: readonly Example[],
    { session, onExample }: { readonly session?: LlmSession; readonly onExample?: (done: number) => void } = {},
  ): Promise<Scored> {
    const { concurrency, account: options } = this.#options;
    let done = 0;
    const results = await mapConcurrently(
      examples,
      { concurrency, signal: options.caller.signal },
      async (example, { index, signal }) => {
        const account = new CostMeter(options);
        const asked = { index, signal, account, session: session ?? this.#options.session };
        const scored = await this.#scoreOne(program, example, asked);
        done += 1;
        onExample?.(done);
        return { scored, costs: account.costs };
      },
    );
    const scored = results.map((result) => result.scored);
    // In the order of the examples: sums of fractions depend on it.
    const costs = results.map((result) => result.costs).reduce(addCosts, NO_COSTS);
    return { score: mean(scored.map(({ score }) => score)), examples: scored, ...costs };
  }

  async #scoreOne(
    program: Prompt,
    { input, expected }: Example,
    options: {
      readonly index: number;
      readonly signal: AbortSignal;
      readonly account: CostMeter;
      readonly session: LlmSession;
    },
  ): Promise<ScoredExample> {
    const { index, signal, account, session } = options;
    const unanswered = { index, score: 0, output: undefined, feedback: undefined };
    let output: unknown;
    try {
      ({ output } = await account.ask(session, program, input, signal));
    } catch (error) {
      if (!(error instanceof LlmError) || error.isFatal || error.kind === "aborted") throw error;
      if (error.isRetryable && this.#options.failsOnOutage) throw error;
      return { ...unanswered, error: error.kind };
    }
    const { metric, judge } = this.#options;
    const llm = {
      predict: (signature: Parameters<CostMeter["predict"]>[1], asked: unknown) =>
        account.predict(judge, signature, { input: asked, signal }),
    };
    const measured = await callMetric(() =>
      metric(output as never, expected as never, { input, llm } as unknown as Parameters<typeof metric>[2]),
    );
    const { score, feedback } = asJudgement(measured);
    return { index, score, output, feedback, error: undefined };
  }
}

async function callMetric<Measured>(measure: () => Measured): Promise<Awaited<Measured>> {
  try {
    return await measure();
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const name = error instanceof Error ? error.name : typeof error;
    throw new MillraceError("METRIC_FAILED", `The metric failed with a ${name}.`, {
      cause: error,
      hint: "Fix the metric; --verbose shows where it threw.",
    });
  }
}
