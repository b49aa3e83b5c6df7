import type { LlmUsage } from "../calls/transport.ts";

/** What one answer took, all tries and repairs together: the columns that `llmTelemetry()` declares. */
export interface Telemetry {
  readonly llmModel: string;
  /** Null when the server does not say. */
  readonly llmInputTokens: number | null;
  readonly llmOutputTokens: number | null;
  /** Null when the price is not known, never 0 for that. */
  readonly llmCostUsd: number | null;
  /** Time of the requests alone; waiting for a limit does not count. */
  readonly llmLatencyMs: number;
  readonly llmCached: boolean;
}

/** Sums of calls; null where a part is unknown. */
export interface UsageTotals {
  readonly calls: number;
  readonly cachedCalls: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
}

export const NO_USAGE: UsageTotals = { calls: 0, cachedCalls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 };

/** Adds up; what is unknown makes the sum unknown. */
export function addUsage(a: UsageTotals, b: UsageTotals): UsageTotals {
  return {
    calls: a.calls + b.calls,
    cachedCalls: a.cachedCalls + b.cachedCalls,
    inputTokens: addKnown(a.inputTokens, b.inputTokens),
    outputTokens: addKnown(a.outputTokens, b.outputTokens),
    costUsd: addKnown(a.costUsd, b.costUsd),
  };
}

const addKnown = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);

export const UNKNOWN_USAGE: LlmUsage = { inputTokens: null, outputTokens: null, cachedInputTokens: null };
