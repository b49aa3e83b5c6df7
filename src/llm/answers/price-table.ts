/** In USD. */
export interface Price {
  readonly inputPer1M: number;
  /** Input that the provider had cached; as dear as other input unless given. */
  readonly cachedInputPer1M?: number | undefined;
  readonly outputPer1M: number;
}

/**
 * List prices in USD per million tokens, read from the providers' public price lists. Models whose price is in doubt,
 * and names that move on to another model (`…-latest`), are left out: no price is better than a wrong one.
 */
export const PRICE_TABLE: { readonly date: string; readonly models: Readonly<Record<string, Price>> } = {
  date: "2025-12-01",
  models: {
    "openai:gpt-5.1": { inputPer1M: 1.25, cachedInputPer1M: 0.125, outputPer1M: 10 },
    "openai:gpt-5": { inputPer1M: 1.25, cachedInputPer1M: 0.125, outputPer1M: 10 },
    "openai:gpt-5-mini": { inputPer1M: 0.25, cachedInputPer1M: 0.025, outputPer1M: 2 },
    "openai:gpt-5-nano": { inputPer1M: 0.05, cachedInputPer1M: 0.005, outputPer1M: 0.4 },
    "openai:gpt-4.1": { inputPer1M: 2, cachedInputPer1M: 0.5, outputPer1M: 8 },
    "openai:gpt-4.1-mini": { inputPer1M: 0.4, cachedInputPer1M: 0.1, outputPer1M: 1.6 },
    "openai:gpt-4.1-nano": { inputPer1M: 0.1, cachedInputPer1M: 0.025, outputPer1M: 0.4 },
    "openai:gpt-4o": { inputPer1M: 2.5, cachedInputPer1M: 1.25, outputPer1M: 10 },
    // The first one never became cheaper.
    "openai:gpt-4o-2024-05-13": { inputPer1M: 5, outputPer1M: 15 },
    "openai:gpt-4o-mini": { inputPer1M: 0.15, cachedInputPer1M: 0.075, outputPer1M: 0.6 },
    "openai:o3": { inputPer1M: 2, cachedInputPer1M: 0.5, outputPer1M: 8 },
    "openai:o3-mini": { inputPer1M: 1.1, cachedInputPer1M: 0.55, outputPer1M: 4.4 },
    "openai:o4-mini": { inputPer1M: 1.1, cachedInputPer1M: 0.275, outputPer1M: 4.4 },
    "openai:text-embedding-3-small": { inputPer1M: 0.02, outputPer1M: 0 },
    "openai:text-embedding-3-large": { inputPer1M: 0.13, outputPer1M: 0 },
    "openai:text-embedding-ada-002": { inputPer1M: 0.1, outputPer1M: 0 },
    "anthropic:claude-opus-4-5": { inputPer1M: 5, cachedInputPer1M: 0.5, outputPer1M: 25 },
    "anthropic:claude-opus-4-1": { inputPer1M: 15, cachedInputPer1M: 1.5, outputPer1M: 75 },
    "anthropic:claude-opus-4": { inputPer1M: 15, cachedInputPer1M: 1.5, outputPer1M: 75 },
    "anthropic:claude-sonnet-4-5": { inputPer1M: 3, cachedInputPer1M: 0.3, outputPer1M: 15 },
    "anthropic:claude-sonnet-4": { inputPer1M: 3, cachedInputPer1M: 0.3, outputPer1M: 15 },
    "anthropic:claude-haiku-4-5": { inputPer1M: 1, cachedInputPer1M: 0.1, outputPer1M: 5 },
    "anthropic:claude-3-5-haiku": { inputPer1M: 0.8, cachedInputPer1M: 0.08, outputPer1M: 4 },
    "anthropic:claude-3-haiku": { inputPer1M: 0.25, cachedInputPer1M: 0.03, outputPer1M: 1.25 },
    // Prompts of up to 200,000 tokens; longer ones cost about twice as much.
    "google:gemini-2.5-pro": { inputPer1M: 1.25, outputPer1M: 10 },
    "google:gemini-2.5-flash": { inputPer1M: 0.3, outputPer1M: 2.5 },
    "google:gemini-2.5-flash-lite": { inputPer1M: 0.1, outputPer1M: 0.4 },
    "google:gemini-2.0-flash": { inputPer1M: 0.1, cachedInputPer1M: 0.025, outputPer1M: 0.4 },
    "google:gemini-2.0-flash-lite": { inputPer1M: 0.075, outputPer1M: 0.3 },
    "google:gemini-embedding-001": { inputPer1M: 0.15, outputPer1M: 0 },
    "mistral:mistral-embed": { inputPer1M: 0.1, outputPer1M: 0 },
    "mistral:mistral-large-2411": { inputPer1M: 2, outputPer1M: 6 },
    "mistral:mistral-medium-2505": { inputPer1M: 0.4, outputPer1M: 2 },
    "mistral:mistral-medium-2508": { inputPer1M: 0.4, outputPer1M: 2 },
    "mistral:mistral-small-2506": { inputPer1M: 0.1, outputPer1M: 0.3 },
    "mistral:codestral-2508": { inputPer1M: 0.3, outputPer1M: 0.9 },
  },
};
