import { describe, expect, test } from "vitest";
import { PRICE_TABLE } from "../../src/llm/answers/price-table.ts";
import { costOf, priceOf } from "../../src/llm/answers/cost.ts";

describe("priceOf", () => {
  test("a dated name has the price of its model", () => {
    expect(priceOf("openai", "gpt-4.1-mini-2025-04-14")).toEqual(priceOf("openai", "gpt-4.1-mini"));
    expect(priceOf("anthropic", "claude-haiku-4-5-20251001")).toEqual({
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

  test("every price in the table is dated, positive and dearer for output, of which embeddings have none", () => {
    expect(PRICE_TABLE.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    for (const [name, { inputPer1M, cachedInputPer1M = 0, outputPer1M }] of Object.entries(PRICE_TABLE.models)) {
      expect(name).toMatch(/^(openai|anthropic|google|mistral):[a-z0-9.-]+$/);
      expect(cachedInputPer1M, name).toBeLessThan(inputPer1M);
      if (name.includes("embed")) expect(outputPer1M, name).toBe(0);
      else expect(inputPer1M, name).toBeLessThan(outputPer1M);
    }
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
