import type { LlmUsage } from "../calls/transport.ts";
import { listPrice } from "./list-prices.ts";
import type { Price } from "./price.ts";

const FREE: Price = { inputPer1M: 0, outputPer1M: 0 };
const FREE_PROVIDERS: ReadonlySet<string> = new Set(["ollama", "offline"]);

/** Prices that a project gives, by `provider:model`, by model, or by the name that the config has for it. */
export type Prices = Readonly<Record<string, Price>>;

/** The price of a model, or undefined when nobody knows it. `given` comes before what is listed. */
export function priceOf(provider: string, model: string, given: Prices = {}, name = ""): Price | undefined {
  const plain = model.replace(/^models\//, "");
  for (const known of [name, `${provider}:${model}`, model, `${provider}:${withoutVersion(plain)}`]) {
    if (Object.hasOwn(given, known)) return given[known];
  }
  if (FREE_PROVIDERS.has(provider)) return FREE;
  return listPrice(provider, plain) ?? listPrice(provider, withoutVersion(plain));
}

// Marks around a message: its role, its beginning and its end.
const MAX_TOKENS_AROUND = 16;

/** More tokens than any tokenizer makes of these texts: none makes more than one of a byte. */
export function maxTokensOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + MAX_TOKENS_AROUND, 0);
}

/** What tokens cost in USD; null where usage or price is unknown. */
export function costOf(usage: LlmUsage, price: Price | undefined): number | null {
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens } = usage;
  if (price === undefined || inputTokens === null || outputTokens === null) return null;
  const { longInput } = price;
  if (longInput !== undefined && inputTokens > longInput.aboveTokens) return costOf(usage, longInput.price);
  const cached = Math.min(cachedInputTokens ?? 0, inputTokens);
  const written = Math.min(cacheWriteTokens ?? 0, inputTokens - cached);
  const { inputPer1M, cachedInputPer1M = inputPer1M, cacheWritePer1M = inputPer1M, outputPer1M } = price;
  const input = (inputTokens - cached - written) * inputPer1M + cached * cachedInputPer1M + written * cacheWritePer1M;
  return (input + outputTokens * outputPer1M) / 1e6;
}

/** `gpt-4.1-mini-2025-04-14` → `gpt-4.1-mini`; `gemini-2.0-flash-001` → `gemini-2.0-flash`. */
function withoutVersion(model: string): string {
  return model.replace(/(?:[-@]\d{8}|-\d{4}-\d{2}-\d{2}|-00\d)$/, "");
}
