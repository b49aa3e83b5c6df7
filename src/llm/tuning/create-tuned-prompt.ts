import type { LlmSource } from "../answers/llm-source.ts";
import type { Prompt } from "../prompts/prompt.ts";
import type { Signature } from "../prompts/signature.ts";
import type { LlmParams } from "../calls/transport.ts";
import { type TunedPrompt, TUNED_PROMPT_FORMAT } from "../prompts/tuned-prompt.ts";
import { type Example, hashExamples } from "./examples.ts";
import type { Scored } from "./scorer.ts";
import { confidenceInterval, round } from "./statistics.ts";

/** How the prompt was looked for. */
export interface Recipe {
  readonly train: readonly Example[];
  readonly dev: readonly Example[];
  readonly withReasoning?: boolean;
  readonly strategy?: string;
  readonly seed?: number;
  readonly teacher?: string | object;
}

/** What was found, and how it does on the held-out examples. */
export interface Found {
  readonly program: Prompt;
  readonly params: LlmParams;
  readonly before: Scored;
  readonly after: Scored;
  readonly chance: number;
  readonly candidates: number;
  readonly costUsd: number | null;
}

/** Writes down a confirmed prompt. Nothing in it depends on when or where it was found. */
export function createTunedPrompt(
  source: LlmSource,
  { name, fingerprint }: Signature<unknown, unknown>,
  { train, dev, withReasoning = false, strategy = "both", seed = 1, teacher }: Recipe,
  { program, params, before, after, chance, candidates, costUsd }: Found,
): TunedPrompt {
  const [low, high] = confidenceInterval(after.examples.map(({ score }) => score));
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  return {
    format: TUNED_PROMPT_FORMAT,
    signature: { name, fingerprint },
    asks: withReasoning ? "chainOfThought" : "predict",
    instructions: program.instructions,
    demonstrations: program.demonstrations.map(({ input, output }) => ({ input, output })),
    model: source.model,
    params: Object.fromEntries(given),
    scores: { before: round(before.score), after: round(after.score), interval: [low, high], chance },
    data: { hash: hashExamples({ train, dev }), train: train.length, dev: dev.length },
    search: {
      strategy,
      seed,
      teacher: teacher === undefined ? source.model : source.with({ model: teacher }).model,
      candidates,
      costUsd: costUsd === null ? null : Math.round(costUsd * 1e6) / 1e6,
    },
  };
}
