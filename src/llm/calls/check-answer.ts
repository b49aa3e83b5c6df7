import { storableText } from "../../core/text.ts";
import type { LlmUsage, RateLimit } from "./transport.ts";

/** What comes with every answer. */
export interface AnyAnswer {
  readonly usage: LlmUsage;
  /** The model that the provider reports. */
  readonly model: string;
  readonly rateLimit: RateLimit | undefined;
  readonly text?: string;
}

// What a column of whole numbers holds; no call has used more.
const MOST_TOKENS = 2 ** 31 - 1;

/**
 * The answer with what can be stored and counted: providers, and proxies before them, send odd figures and names, and
 * none of that may cost an answer that was paid for.
 */
export function checkAnswer<Answer extends AnyAnswer>(answer: Answer, askedModel: string): Answer {
  const { model, text, usage } = answer as { readonly [Key in keyof AnyAnswer]?: unknown };
  return {
    ...answer,
    usage: checkUsage(usage),
    model: typeof model === "string" && model !== "" ? storableText(model) : askedModel,
    ...(typeof text === "string" ? { text: storableText(text) } : {}),
  };
}

/** Null for each figure that cannot be right: text, a fraction, less than nothing, or a part larger than its whole. */
export function checkUsage(usage: unknown): LlmUsage {
  const given = (typeof usage === "object" && usage !== null ? usage : {}) as Partial<Record<keyof LlmUsage, unknown>>;
  const inputTokens = tokensIn(given.inputTokens);
  const outputTokens = tokensIn(given.outputTokens);
  const cachedInputTokens = tokensIn(given.cachedInputTokens, inputTokens);
  const uncached = inputTokens === null ? null : inputTokens - (cachedInputTokens ?? 0);
  return {
    inputTokens,
    outputTokens,
    cachedInputTokens,
    cacheWriteTokens: tokensIn(given.cacheWriteTokens, uncached),
    reasoningTokens: tokensIn(given.reasoningTokens, outputTokens),
  };
}

function tokensIn(value: unknown, whole: number | null = MOST_TOKENS): number | null {
  const most = whole ?? MOST_TOKENS;
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most ? value : null;
}
