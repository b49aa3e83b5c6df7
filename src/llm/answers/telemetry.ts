import type { LlmUsage } from "../calls/transport.ts";

/**
 * What one answer took, all attempts and repairs together: the columns that `llmTelemetry()` declares. An answer from
 * the cache has what it took when it was asked, so that a rebuild does not change the costs of rows.
 */
export interface Telemetry {
  readonly llmModel: string;
  /** Null when the server does not say. */
  readonly llmInputTokens: number | null;
  readonly llmOutputTokens: number | null;
  /** Null when the price is not known, never 0 for that. */
  readonly llmCostUsd: number | null;
  /** Time of the requests alone; waiting for a limit does not count. */
  readonly llmLatencyMs: number;
  /** True when nothing was paid this time. */
  readonly llmCached: boolean;
}

/** Sums of calls, as far as they are known. */
export interface UsageTotals {
  readonly calls: number;
  /** Calls that were answered from the cache, for nothing. */
  readonly cachedCalls: number;
  /** Calls of unknown cost: no price, no usage in the answer, or no answer. They are not in `costUsd`. */
  readonly unknownCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Billed, in US dollars. */
  readonly costUsd: number;
}

export const NO_USAGE: UsageTotals = {
  calls: 0,
  cachedCalls: 0,
  unknownCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  costUsd: 0,
};

export function addUsage(a: UsageTotals, b: UsageTotals): UsageTotals {
  return {
    calls: a.calls + b.calls,
    cachedCalls: a.cachedCalls + b.cachedCalls,
    unknownCalls: a.unknownCalls + b.unknownCalls,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    costUsd: a.costUsd + b.costUsd,
  };
}

/** What one call adds to the sums; `null` for what its answer does not say. */
export function usageOfCall(call: {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
}): UsageTotals {
  return {
    ...NO_USAGE,
    calls: 1,
    unknownCalls: call.costUsd === null ? 1 : 0,
    inputTokens: call.inputTokens ?? 0,
    outputTokens: call.outputTokens ?? 0,
    costUsd: call.costUsd ?? 0,
  };
}

export const CACHED_CALL: UsageTotals = { ...NO_USAGE, calls: 1, cachedCalls: 1 };

export const UNKNOWN_USAGE: LlmUsage = { inputTokens: null, outputTokens: null, cachedInputTokens: null };
