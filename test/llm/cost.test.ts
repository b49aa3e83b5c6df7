import { describe, expect, test } from "vitest";
import { listPricesVersion } from "../../src/llm/answers/list-prices.ts";
import { costOf, priceOf } from "../../src/llm/answers/cost.ts";

describe("priceOf", () => {
  test("a dated name has the price of its model", () => {
    expect(priceOf("openai", "gpt-4.1-mini-2025-04-14")).toEqual(priceOf("openai", "gpt-4.1-mini"));
    expect(priceOf("anthropic", "claude-haiku-4-5-20251001")).toMatchObject({
      inputPer1M: 1,
      cachedInputPer1M: 0.1,
      outputPer1M: 5,
    });
    expect(priceOf("google", "models/gemini-2.0-flash-001")).toEqual(priceOf("google", "gemini-2.0-flash"));
  });

  test("a dated name with a price of its own keeps it", () => {
    expect(priceOf("openai", "gpt-4o-2024-05-13")?.outputPer1M).toBe(15);
    expect(priceOf("openai", "gpt-4o-2024-08-06")?.outputPer1M).toBe(10);
  });

  test("an unknown model has no price, a model of this machine costs nothing", () => {
    expect(priceOf("openai", "gpt-17")).toBeUndefined();
    expect(priceOf("acme", "gpt-4.1-mini")).toBeUndefined();
    expect(priceOf("openai", "__proto__")).toBeUndefined();
    for (const provider of ["ollama", "offline"]) expect(priceOf(provider, "any")?.outputPer1M).toBe(0);
  });

  test("a price that is given wins over the table, for dated names too", () => {
    const mine = { inputPer1M: 7, outputPer1M: 8 };
    expect(priceOf("openai", "gpt-4.1-mini-2025-04-14", { "openai:gpt-4.1-mini": mine })).toBe(mine);
    expect(priceOf("ollama", "llama", { "ollama:llama": mine })).toBe(mine);
  });

  test("says which edition of the lists it is", () => {
    expect(listPricesVersion()).toMatch(/^@pydantic\/genai-prices \d+\.\d+\.\d+/);
  });

  test("knows what is written to caches, and what long prompts cost", () => {
    expect(priceOf("anthropic", "claude-haiku-4-5")).toMatchObject({ inputPer1M: 1, cacheWritePer1M: 1.25 });
    const price = priceOf("google", "gemini-2.5-pro");
    expect(costOf({ inputTokens: 200_000, outputTokens: 0, cachedInputTokens: 0 }, price)).toBeCloseTo(0.25, 10);
    expect(costOf({ inputTokens: 400_000, outputTokens: 0, cachedInputTokens: 0 }, price)).toBeCloseTo(1, 10);
  });

  test("a price may be given by any of a model's names", () => {
    const mine = { inputPer1M: 9, outputPer1M: 9 };
    const url = "http://localhost:1/v1#bge-m3";
    for (const name of [url, "bge-m3", "openai-compatible:bge-m3"])
      expect(priceOf("openai-compatible", "bge-m3", { [name]: mine }, url)).toBe(mine);
  });
});

describe("costOf", () => {
  const price = { inputPer1M: 4, cachedInputPer1M: 1, outputPer1M: 10 };

  test("input that the provider had cached costs less", () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 100_000, cachedInputTokens: 500_000 };
    expect(costOf(usage, price)).toBeCloseTo(2 + 0.5 + 1, 12);
    expect(costOf(usage, { inputPer1M: 4, outputPer1M: 10 })).toBeCloseTo(4 + 1, 12);
  });

  test("what is not known costs null, never 0", () => {
    const usage = { inputTokens: 10, outputTokens: 10, cachedInputTokens: null };
    expect(costOf(usage, price)).toBeGreaterThan(0);
    expect(costOf(usage, undefined)).toBeNull();
    expect(costOf({ ...usage, outputTokens: null }, price)).toBeNull();
    expect(costOf({ ...usage, inputTokens: null }, price)).toBeNull();
  });
});
