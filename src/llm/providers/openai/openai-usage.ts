import type { LlmUsage } from "../../calls/transport.ts";

type Members = Readonly<Record<string, unknown>>;

/** Usage as OpenAI reports it, or under the names that compatible servers and proxies use. */
export function readOpenAiUsage(value: unknown): LlmUsage {
  const usage = membersOf(value);
  const ofInput = membersOf(usage["prompt_tokens_details"] ?? usage["input_tokens_details"]);
  const ofOutput = membersOf(usage["completion_tokens_details"] ?? usage["output_tokens_details"]);
  const inputTokens = tokens(usage["prompt_tokens"], usage["input_tokens"]);
  const totalTokens = tokens(usage["total_tokens"]);
  const reasoningTokens = tokens(ofOutput["reasoning_tokens"], usage["reasoning_tokens"]);
  return {
    inputTokens,
    outputTokens: withThinking(tokens(usage["completion_tokens"], usage["output_tokens"]), {
      inputTokens,
      totalTokens,
      reasoningTokens,
    }),
    cachedInputTokens: tokens(
      ofInput["cached_tokens"],
      usage["prompt_cache_hit_tokens"],
      usage["cached_tokens"],
      usage["cache_read_input_tokens"],
    ),
    cacheWriteTokens: tokens(
      ofInput["cache_write_tokens"],
      ofInput["cache_creation_tokens"],
      usage["cache_creation_input_tokens"],
    ),
    reasoningTokens,
  };
}

/** Some count thinking tokens separately from those of the answer: there, all three add up to the total. */
export function withThinking(
  outputTokens: number | null,
  other: {
    readonly inputTokens: number | null;
    readonly totalTokens: number | null;
    readonly reasoningTokens: number | null;
  },
): number | null {
  const { inputTokens, totalTokens, reasoningTokens } = other;
  if (outputTokens === null || inputTokens === null || totalTokens === null) return outputTokens;
  const all = outputTokens + (reasoningTokens ?? 0);
  return inputTokens + all <= totalTokens ? all : outputTokens;
}

const tokens = (...values: readonly unknown[]): number | null => {
  const given = values.find((value) => value !== undefined && value !== null);
  return typeof given === "number" ? given : null;
};

const membersOf = (value: unknown): Members => (typeof value === "object" && value !== null ? (value as Members) : {});
