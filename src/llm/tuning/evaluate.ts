import { UsageError } from "../../core/errors.ts";
import type { AskOptions } from "../answers/ask.ts";
import { Budget } from "../calls/budget.ts";
import type { LlmSource } from "../answers/llm-source.ts";
import type { Price } from "../answers/price.ts";
import { promptOf } from "../prompts/prompt.ts";
import type { LlmSession } from "../answers/session.ts";
import type { Signature } from "../prompts/signature.ts";
import type { CostMeterOptions, Costs } from "./cost-meter.ts";
import { type Example, hashExamples } from "./examples.ts";
import type { Metric } from "./metrics.ts";
import { Scorer, type ScoredExample } from "./scorer.ts";
import { confidenceInterval } from "./statistics.ts";

/** Another model than the project's: its name, a transport, or a model of the AI SDK, and its price where it is not known. */
export type OtherModel = string | object;

/** How answers are measured, by an evaluation and by an optimisation. */
export interface MeasureOptions<Input, Output, Expected> {
  readonly metric: Metric<Output, Expected, Input>;
  /** Asks with a field to think in, as `llm.chainOfThought` does. */
  readonly withReasoning?: boolean;
  /** The model that metrics such as `judge` ask; the project's unless given. */
  readonly judge?: OtherModel;
  readonly judgePrice?: Price;
  /** Examples in flight at once; 8 unless said otherwise. */
  readonly concurrency?: number;
  /** The most that all answers may cost together, those that come from the cache included. */
  readonly maxCostUsd?: number;
  readonly signal?: AbortSignal;
}

/** What to measure an answer on, and how. */
export interface EvaluateOptions<Input, Output, Expected> extends MeasureOptions<Input, Output, Expected> {
  readonly examples: readonly Example<Input, Expected>[];
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** How well a signature was answered, and what that cost. */
export interface Evaluation<Output = unknown> extends Costs {
  /** Mean of the scores, 0 to 1. */
  readonly score: number;
  /** The 95 % confidence interval (Wilson) of the score over all such examples. */
  readonly interval: readonly [number, number];
  /** `examples[i]` is about the i-th example. */
  readonly examples: readonly ScoredExample<Output>[];
  /** Examples without an answer. */
  readonly failed: number;
  readonly model: string;
  /** Digest of the examples. */
  readonly dataHash: string;
}

/** Measures how well a signature is answered. Throws when there can be no score: a wrong key, no money left. */
export async function evaluateSignature<Input, Output, Expected>(
  source: LlmSource,
  caller: AskOptions,
  signature: Signature<Input, Output>,
  options: EvaluateOptions<Input, Output, Expected>,
): Promise<Evaluation<Output>> {
  const { examples, withReasoning = false, onProgress } = options;
  if (examples.length === 0) {
    throw new UsageError("EXAMPLES_MISSING", `There are no examples to evaluate ${signature.name} with.`, {
      hint: "`millrace llm label` writes a file of examples to correct.",
    });
  }
  const { scorer } = await openScorer(source, caller, options);
  const erased = signature as Signature<unknown, unknown>;
  const program = promptOf(erased, { withReasoning, adopted: source.adopted?.get(signature.name) });
  const total = examples.length;
  const scored = await scorer.score(program, examples, { onExample: (done) => onProgress?.({ done, total }) });
  return {
    ...scored,
    examples: scored.examples as readonly ScoredExample<Output>[],
    interval: confidenceInterval(scored.examples.map(({ score }) => score)),
    failed: scored.examples.filter(({ error }) => error !== undefined).length,
    model: source.model,
    dataHash: hashExamples({ examples }),
  };
}

export interface Measure {
  readonly scorer: Scorer;
  readonly session: LlmSession;
  readonly account: CostMeterOptions;
}

/** What both evaluation and optimisation measure with. */
export async function openScorer<Input, Output, Expected>(
  source: LlmSource,
  caller: AskOptions,
  options: MeasureOptions<Input, Output, Expected> & { readonly failsOnOutage?: boolean },
): Promise<Measure> {
  const { metric, judge, judgePrice, concurrency = 8, maxCostUsd, signal } = options;
  const session = await source.open();
  const budget = maxCostUsd === undefined ? undefined : new Budget(maxCostUsd, { within: session.budget });
  const account = {
    caller: signal === undefined ? caller : { ...caller, signal: AbortSignal.any([caller.signal, signal]) },
    budget,
    paid: new Set<string>(),
  };
  const scorer = new Scorer({
    session,
    judge: judge === undefined ? session : await source.with({ model: judge, price: judgePrice }).open(),
    metric,
    concurrency,
    account,
    failsOnOutage: options.failsOnOutage ?? false,
  });
  return { scorer, session, account };
}
