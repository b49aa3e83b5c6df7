import { LlmError } from "../../calls/llm-error.ts";
import type { LlmAnswer, LlmUsage } from "../../calls/transport.ts";
import { finishOf } from "../../calls/finish-reason.ts";
import { readRateLimit } from "../http/rate-limit-headers.ts";
import { withThinking } from "../openai/openai-usage.ts";

type Members = Readonly<Record<string, unknown>>;

/** What models of the AI SDK give, in the versions of its interface. */
export interface Generated {
  readonly content?: readonly { readonly type: string; readonly text?: string; readonly input?: unknown }[];
  readonly finishReason?: string | { readonly unified?: string; readonly raw?: string | undefined };
  readonly usage?: Usage;
  readonly providerMetadata?: Members | undefined;
  readonly response?: { readonly modelId?: string; readonly headers?: Readonly<Record<string, string>> };
}

interface Usage {
  /** A number, or from version v3 on all of them and some of them. */
  readonly inputTokens?: unknown;
  readonly outputTokens?: unknown;
  readonly totalTokens?: unknown;
  readonly reasoningTokens?: unknown;
  readonly cachedInputTokens?: unknown;
}

/** Reads what `doGenerate` gave. */
export function readGenerated(
  generated: Generated,
  { provider, model }: { readonly provider: string; readonly model: string },
): LlmAnswer {
  const { content = [], finishReason, response } = generated;
  const usage = usageOf(generated);
  const finish = finishIn(finishReason);
  const text = textOf(content);
  if (text === "" && (finish === "stop" || finish === "other")) {
    throw new LlmError("bad_response", `The answer of ${provider} to the call to ${model} contains no text.`, {
      usage,
    });
  }
  return {
    text,
    finish,
    usage,
    model: response?.modelId ?? model,
    rateLimit: readRateLimit(new Headers({ ...response?.headers })),
  };
}

function textOf(content: NonNullable<Generated["content"]>): string {
  const texts = (kind: string) => content.flatMap(({ type, text = "" }) => (type === kind ? [text] : [])).join("");
  const called = content.find(({ type }) => type === "tool-call")?.input;
  const given = typeof called === "string" ? called : called === undefined ? "" : JSON.stringify(called);
  return [texts("text"), given, texts("reasoning")].find((text) => text.trim() !== "") ?? "";
}

function finishIn(reason: Generated["finishReason"]): LlmAnswer["finish"] {
  if (typeof reason !== "object") return finishOf(reason);
  const raw = finishOf(reason.raw);
  return raw === "other" ? finishOf(reason.unified) : raw;
}

function usageOf({ usage = {}, providerMetadata = {} }: Generated): LlmUsage {
  const read = typeof usage.inputTokens === "object" ? usageInParts(usage) : usageInSums(usage, providerMetadata);
  // Every prompt has tokens: some providers report 0 when they do not know the usage.
  const isUnknown = read.inputTokens === 0 && (read.outputTokens ?? 0) === 0;
  return isUnknown ? { inputTokens: null, outputTokens: null, cachedInputTokens: null } : read;
}

function usageInParts({ inputTokens, outputTokens }: Usage): LlmUsage {
  const [input, output] = [membersOf(inputTokens), membersOf(outputTokens)];
  return {
    inputTokens: numberIn(input["total"]),
    outputTokens: numberIn(output["total"]),
    cachedInputTokens: numberIn(input["cacheRead"]),
    cacheWriteTokens: numberIn(input["cacheWrite"]),
    reasoningTokens: numberIn(output["reasoning"]),
  };
}

/** Version v2: each provider counts in its own way, and reports cache writes separately. */
function usageInSums(usage: Usage, metadata: Members): LlmUsage {
  const [anthropic, bedrock, openai] = ["anthropic", "bedrock", "openai"].map((name) => membersOf(metadata[name]));
  const cachedInputTokens = numberIn(usage.cachedInputTokens);
  const reasoningTokens = numberIn(usage.reasoningTokens);
  const written = [
    anthropic?.["cacheCreationInputTokens"],
    membersOf(bedrock?.["usage"])["cacheWriteInputTokens"],
    openai?.["cacheWriteTokens"],
  ];
  const cacheWriteTokens = numberIn(written.find((tokens) => typeof tokens === "number"));
  const given = numberIn(usage.inputTokens);
  // There, what came from the cache or went into it is not among the input.
  const isBesideInput = "anthropic" in metadata || "bedrock" in metadata || (cachedInputTokens ?? 0) > (given ?? 0);
  const beside = isBesideInput ? (cachedInputTokens ?? 0) + (cacheWriteTokens ?? 0) : 0;
  const totalTokens = numberIn(usage.totalTokens);
  return {
    inputTokens: given === null ? null : given + beside,
    outputTokens: withThinking(numberIn(usage.outputTokens), { inputTokens: given, totalTokens, reasoningTokens }),
    cachedInputTokens,
    cacheWriteTokens,
    reasoningTokens,
  };
}

const numberIn = (value: unknown): number | null => (typeof value === "number" ? value : null);

const membersOf = (value: unknown): Members => (typeof value === "object" && value !== null ? (value as Members) : {});
