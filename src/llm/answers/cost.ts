import { PRICE_TABLE, type Price } from "./price-table.ts";
import type { LlmUsage } from "../calls/transport.ts";

const FREE: Price = { inputPer1M: 0, outputPer1M: 0 };
const FREE_PROVIDERS: ReadonlySet<string> = new Set(["ollama", "offline"]);

/** The price of a model, or undefined when nobody knows it. `overrides` go by `provider:model` and come first. */
export function priceOf(
  provider: string,
  model: string,
  overrides: Readonly<Record<string, Price>> = {},
): Price | undefined {
  if (FREE_PROVIDERS.has(provider)) return overrides[`${provider}:${model}`] ?? FREE;
  const names = [`${provider}:${model}`, `${provider}:${withoutVersion(model)}`];
  for (const prices of [overrides, PRICE_TABLE.models]) {
    for (const name of names) {
      if (Object.hasOwn(prices, name)) return prices[name];
    }
  }
  return undefined;
}

// Marks around a message: its role, its beginning and its end.
const MAX_TOKENS_AROUND = 16;

/** More tokens than any tokenizer makes of these texts: none makes more than one of a byte. */
export function maxTokensOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + MAX_TOKENS_AROUND, 0);
}

/** What tokens cost in USD; null where usage or price is unknown. */
export function costOf(usage: LlmUsage, price: Price | undefined): number | null {
  const { inputTokens, outputTokens, cachedInputTokens } = usage;
  if (price === undefined || inputTokens === null || outputTokens === null) return null;
  const cached = Math.min(cachedInputTokens ?? 0, inputTokens);
  const { inputPer1M, cachedInputPer1M = inputPer1M, outputPer1M } = price;
  return ((inputTokens - cached) * inputPer1M + cached * cachedInputPer1M + outputTokens * outputPer1M) / 1e6;
}

/** `gpt-4.1-mini-2025-04-14` → `gpt-4.1-mini`; `models/gemini-2.0-flash-001` → `gemini-2.0-flash`. */
function withoutVersion(model: string): string {
  return model.replace(/^models\//, "").replace(/(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|-00\d)$/, "");
}
