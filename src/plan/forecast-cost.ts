import { offlineModel } from "../llm/providers/offline/offline-model.ts";
import { costOf } from "../llm/answers/cost.ts";
import type { Price } from "../llm/answers/price-table.ts";
import type { LlmRequest } from "../llm/calls/transport.ts";
import type { PlanningJob } from "../run/units/plan-units.ts";
import type { FunctionJob } from "../run/units/unit-function.ts";
import { loadMeanUsage, type MeanUsage } from "../state/usage.ts";
import { tryModel } from "./try-model.ts";

/** What a model's calls to language models are expected to cost, in US dollars. */
export interface CostForecast {
  readonly lowUsd: number;
  /** The same as `lowUsd` where earlier units say what one costs. */
  readonly highUsd: number;
  readonly basis: string;
}

export interface ForecastOptions {
  /** Units that would be processed. */
  readonly work: number;
  /** Another language model answers than before, so that what was paid says little. */
  readonly isOtherModel: boolean;
}

const MAX_PROBED = 5;
// Answers to extractions and classifications alike lie between these, as a rule.
const LEAST_OUTPUT_TOKENS = 50;
const MAX_OUTPUT_TOKENS = 1_000;

/** Undefined where nothing is asked, or nobody knows what it costs. Cached answers are not foreseen: they cost nothing. */
export async function forecastCost(
  job: PlanningJob & FunctionJob,
  options: ForecastOptions,
): Promise<CostForecast | undefined> {
  const { model } = job.resolved;
  if (options.work === 0 || job.llm.isOffline || !job.code.asksLlm) return undefined;
  const price = await job.llm.price();
  const history = await loadMeanUsage(job.database, model.name);
  if (history.units > 0) return fromHistory(history, { ...options, price });
  return price === undefined || model.forEach === undefined ? undefined : fromPrompts(job, { ...options, price });
}

function fromHistory(
  { units, inputTokens, outputTokens, costUsd }: MeanUsage,
  { work, isOtherModel, price }: ForecastOptions & { readonly price: Price | undefined },
): CostForecast | undefined {
  const counted = costOf({ inputTokens, outputTokens, cachedInputTokens: null }, price);
  const each = isOtherModel ? counted : (costUsd ?? counted);
  if (each === null) return undefined;
  return { lowUsd: each * work, highUsd: each * work, basis: `mean of ${units} earlier units` };
}

/** Runs a few units with a model that only counts what it is asked, and guesses what the answers take. */
async function fromPrompts(
  job: PlanningJob & FunctionJob,
  { work, price }: ForecastOptions & { readonly price: Price },
): Promise<CostForecast | undefined> {
  const requests: LlmRequest[] = [];
  const counter = offlineModel({ respond: (request) => void requests.push(request) });
  const { signal } = new AbortController();
  const probe = {
    ...job,
    llm: job.llm.with({ model: counter, isProbe: true }),
    context: { ...job.context, mode: "full" as const },
    scope: { sample: MAX_PROBED },
  };
  const units = await tryModel(probe, { signal });
  if (units.length === 0 || requests.length === 0) return undefined;
  const characters = requests.reduce(
    (sum, { messages }) => messages.reduce((length, { content }) => length + content.length, sum),
    0,
  );
  const perUnit = (outputTokens: number) => {
    const usage = {
      inputTokens: characters / 4,
      outputTokens: outputTokens * requests.length,
      cachedInputTokens: null,
    };
    return (costOf(usage, price) ?? 0) / units.length;
  };
  const most = requests[0]?.params.maxOutputTokens ?? MAX_OUTPUT_TOKENS;
  return {
    lowUsd: perUnit(Math.min(LEAST_OUTPUT_TOKENS, most)) * work,
    highUsd: perUnit(Math.min(MAX_OUTPUT_TOKENS, most)) * work,
    basis: `prompts of ${units.length} units, answers of ${LEAST_OUTPUT_TOKENS} to ${Math.min(MAX_OUTPUT_TOKENS, most)} tokens`,
  };
}
