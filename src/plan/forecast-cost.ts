import { costOf } from "../llm/answers/cost.ts";
import type { Price } from "../llm/answers/price.ts";
import type { ProbedRequest } from "../llm/answers/probe.ts";
import type { PlanningJob } from "../run/units/plan-units.ts";
import type { FunctionJob } from "../run/units/unit-function.ts";
import { loadMeanUsage, type MeanUsage } from "../state/usage.ts";
import type { PendingWork, Range } from "./pending-work.ts";
import type { ProbedUnits } from "./probe-units.ts";

/** What a model's calls to language models are expected to cost, in US dollars, at today's prices. */
export interface CostForecast {
  readonly lowUsd: number;
  /** The same as `lowUsd` where earlier units say what one costs. */
  readonly highUsd: number;
  readonly basis: string;
  /** Units whose requests were looked up among the kept answers, and how many had all of theirs. */
  readonly probed?: { readonly units: number; readonly kept: number };
}

export interface ForecastOptions {
  /** Units that would be processed. */
  readonly work: number;
  /** More of them, when upstreams have done their work. */
  readonly pending: PendingWork | undefined;
  readonly probed: ProbedUnits | undefined;
}

// Answers to extractions and classifications alike lie between these, as a rule.
const LEAST_OUTPUT_TOKENS = 50;
const MAX_OUTPUT_TOKENS = 1_000;
const CHARACTERS_PER_TOKEN = 4;

/** What one unit costs that finds no answer kept. */
interface UnitCost extends Range {
  readonly basis: string;
}

/** Undefined where nothing is asked, or the cost is unknown. */
export async function forecastCost(
  job: PlanningJob & FunctionJob,
  { work, pending, probed }: ForecastOptions,
): Promise<CostForecast | undefined> {
  if ((work === 0 && pending === undefined) || job.llm.isOffline || !job.code.asksLlm) return undefined;
  const looked = work === 0 || probed === undefined || probed.units === 0 ? undefined : probed;
  const keptBasis = looked === undefined || looked.kept === 0 ? [] : [describeKept(looked)];
  const common = looked === undefined ? {} : { probed: { units: looked.units, kept: looked.kept } };
  if (looked !== undefined && looked.sentShare === 0 && pending === undefined) {
    const basis = keptBasis[0] ?? `${looked.units} probed units ask nothing`;
    return { lowUsd: 0, highUsd: 0, basis, ...common };
  }
  const each = await unitCost(job, probed);
  if (each === undefined) return undefined;
  const share = shareSent(looked, work);
  return {
    lowUsd: each.low * (share.low * work + (pending?.low ?? 0)),
    highUsd: each.high * (share.high * work + (pending?.high ?? 0)),
    basis: [...(pending === undefined ? [] : [pending.basis]), each.basis, ...keptBasis].join("; "),
    ...common,
  };
}

const describeKept = ({ kept, units }: ProbedUnits) => `answers of ${kept} of ${units} probed units are kept`;

/** Between what is seen in a few units and what may well be in all of them lies one standard error. */
function shareSent(probed: ProbedUnits | undefined, work: number): Range {
  if (probed === undefined) return { low: 1, high: 1 };
  const { sentShare, units } = probed;
  const error = units >= work ? 0 : Math.sqrt((sentShare * (1 - sentShare)) / units);
  return { low: Math.max(0, sentShare - error), high: Math.min(1, sentShare + error) };
}

async function unitCost(
  job: PlanningJob & FunctionJob,
  probed: ProbedUnits | undefined,
): Promise<UnitCost | undefined> {
  const [history, price] = await Promise.all([loadMeanUsage(job.database, job.resolved.model.name), job.llm.price()]);
  if (history.units > 0) return fromHistory(history, { prices: probed?.prices ?? new Map(), price });
  return probed === undefined ? undefined : fromRequests(probed);
}

/** Tokens of earlier units, at the price of the models that would answer today. */
function fromHistory(
  { units, signatures }: MeanUsage,
  { prices, price }: Pick<ProbedUnits, "prices"> & { readonly price: Price | undefined },
): UnitCost | undefined {
  let each = 0;
  for (const { signature, ...usage } of signatures) {
    const cost = costOf(usage, prices.has(signature) ? prices.get(signature) : price);
    if (cost === null) return undefined;
    each += cost;
  }
  return { low: each, high: each, basis: `${formatUsd(each)} each, as in ${units} earlier units` };
}

/** The prompts are known, and what the answers take is guessed. */
function fromRequests({ requests, units, sentShare }: ProbedUnits): UnitCost | undefined {
  if (requests.length === 0) return undefined;
  const most = Math.max(...requests.map(({ maxOutputTokens = MAX_OUTPUT_TOKENS }) => maxOutputTokens));
  const range = { low: Math.min(LEAST_OUTPUT_TOKENS, most), high: Math.min(MAX_OUTPUT_TOKENS, most) };
  const low = sumUp(requests, range.low);
  const high = sumUp(requests, range.high);
  if (low === undefined || high === undefined) return undefined;
  const answers = most === 0 ? "" : `, answers of ${range.low} to ${range.high} tokens`;
  // Requests whose answers are kept are not among them.
  const perUnit = units * sentShare;
  return { low: low / perUnit, high: high / perUnit, basis: `prompts of ${units} units${answers}` };
}

function sumUp(requests: readonly ProbedRequest[], outputTokens: number): number | undefined {
  let sum = 0;
  for (const { characters, isEmbedding, price } of requests) {
    const inputTokens = characters / CHARACTERS_PER_TOKEN;
    const usage = { inputTokens, outputTokens: isEmbedding ? 0 : outputTokens, cachedInputTokens: null };
    const cost = costOf(usage, price);
    if (cost === null) return undefined;
    sum += cost;
  }
  return sum;
}

const formatUsd = (usd: number) => `$${Number(usd.toPrecision(2))}`;
