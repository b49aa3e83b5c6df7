import type { LlmParams } from "./transport.ts";

type Options = NonNullable<LlmParams["providerOptions"]>;

/** What decides an answer in addition to the prompt; options set in `over` take precedence, one by one. */
export function mergeParams(under: LlmParams, over: LlmParams): LlmParams {
  return {
    temperature: over.temperature ?? under.temperature,
    maxOutputTokens: over.maxOutputTokens ?? under.maxOutputTokens,
    seed: over.seed ?? under.seed,
    providerOptions: mergeOptions(under.providerOptions, over.providerOptions),
  };
}

function mergeOptions(under: Options | undefined, over: Options | undefined): Options | undefined {
  if (under === undefined || over === undefined) return over ?? under;
  const merged = Object.entries(over).map(([provider, options]) => [provider, { ...under[provider], ...options }]);
  return { ...under, ...Object.fromEntries(merged) } as Options;
}
