import type { LlmAnswer } from "./transport.ts";

// In this order: `max_tokens` must not count as a stop.
const KINDS: readonly (readonly [LlmAnswer["finish"], RegExp])[] = [
  ["refusal", /refus/],
  ["content_filter", /filter|safety|blocklist|prohibited|recitation|spii|guardrail|moderat|sensitive/],
  ["length", /length|max_?\w*tokens|token_?limit|context_?window/],
  ["stop", /^(?:stop|end|eos|complete|finish|tool|function)/],
];

/** Why an answer ended, from the provider's own word: `max_tokens`, `MODEL_LENGTH` and `length` mean the same. */
export function finishOf(reason: unknown): LlmAnswer["finish"] {
  if (typeof reason !== "string") return "other";
  const name = reason.toLowerCase().replaceAll(/\W+/g, "_");
  return KINDS.find(([, pattern]) => pattern.test(name))?.[0] ?? "other";
}
