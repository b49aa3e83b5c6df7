import { createRequire } from "node:module";
import { calcPrice, type ModelPrice } from "@pydantic/genai-prices";
import type { Price } from "./price.ts";

/** The list price of a model today; undefined when nobody knows it. */
export function listPrice(provider: string, model: string): Price | undefined {
  const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, { providerId: provider });
  if (found === null) return undefined;
  const { model_price: prices } = found;
  const base = priceAbove(prices, 0);
  const start = Math.max(
    0,
    ...Object.values(prices)
      .flatMap(tiersOf)
      .map((tier) => tier.start),
  );
  if (base === undefined || start === 0) return base;
  const price = priceAbove(prices, start);
  return price === undefined ? base : { ...base, longInput: { aboveTokens: start, price } };
}

/** Which edition of the price lists is installed. */
export function listPricesVersion(): string {
  // Its package.json is not among its exports.
  const entry = createRequire(import.meta.url).resolve("@pydantic/genai-prices");
  const { version } = createRequire(entry)("../package.json") as { readonly version: string };
  return `@pydantic/genai-prices ${version}`;
}

function priceAbove(prices: ModelPrice, tokens: number): Price | undefined {
  const at = (name: string) => amountAbove(prices[name], tokens);
  const inputPer1M = at("input_mtok");
  if (inputPer1M === undefined) return undefined;
  const [cachedInputPer1M, cacheWritePer1M] = [at("cache_read_mtok"), at("cache_write_mtok")];
  return {
    inputPer1M,
    ...(cachedInputPer1M === undefined ? {} : { cachedInputPer1M }),
    ...(cacheWritePer1M === undefined ? {} : { cacheWritePer1M }),
    // Embeddings have none.
    outputPer1M: at("output_mtok") ?? 0,
  };
}

type Amount = ModelPrice[string];

function amountAbove(amount: Amount, tokens: number): number | undefined {
  if (amount === undefined || typeof amount === "number") return amount;
  return tiersOf(amount).findLast(({ start }) => start <= tokens)?.price ?? amount.base;
}

const tiersOf = (amount: Amount) =>
  amount === undefined || typeof amount === "number" ? [] : amount.tiers.toSorted((a, b) => a.start - b.start);
