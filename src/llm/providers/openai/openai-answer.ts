import { LlmError } from "../../calls/llm-error.ts";
import { readRateLimit } from "../http/rate-limit-headers.ts";
import type { LlmAnswer, LlmUsage } from "../../calls/transport.ts";

interface Completion {
  readonly model?: string;
  readonly choices?: readonly Choice[];
  readonly usage?: Usage | null;
}

interface Choice {
  readonly finish_reason?: string | null;
  readonly message?: {
    readonly content?: string | readonly { readonly type?: string; readonly text?: string }[] | null;
    readonly refusal?: string | null;
    readonly tool_calls?: readonly { readonly function?: { readonly arguments?: unknown } }[] | null;
  };
}

interface Usage {
  readonly prompt_tokens?: number | null;
  readonly completion_tokens?: number | null;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
}

/** Reads a chat completion. */
export function readCompletion(
  { body, headers, status }: { readonly body: unknown; readonly headers: Headers; readonly status: number },
  { provider, model }: { readonly provider: string; readonly model: string },
): LlmAnswer {
  const completion = body as Completion | null | undefined;
  const choice = completion?.choices?.[0];
  if (completion === undefined || completion === null || choice?.message === undefined) {
    const problem = completion === undefined ? "is not JSON" : "holds no choice";
    const usage = completion?.usage == null ? undefined : usageOf(completion.usage);
    throw new LlmError("bad_response", `The answer of ${provider} to the call to ${model} ${problem}.`, {
      status,
      usage,
    });
  }
  return {
    text: textOf(choice.message),
    finish: finishOf(choice),
    usage: usageOf(completion.usage),
    model: completion.model ?? model,
    rateLimit: readRateLimit(headers),
  };
}

function textOf({ refusal, tool_calls, content }: NonNullable<Choice["message"]>): string {
  if (typeof refusal === "string" && refusal !== "") return refusal;
  const given = tool_calls?.[0]?.function?.arguments;
  // Some servers parse the arguments themselves.
  if (given !== undefined && given !== null) return typeof given === "string" ? given : JSON.stringify(given);
  if (typeof content === "string") return content;
  return (content ?? []).map(({ text }) => text ?? "").join("");
}

function finishOf({ message, finish_reason }: Choice): LlmAnswer["finish"] {
  if (typeof message?.refusal === "string" && message.refusal !== "") return "refusal";
  switch (finish_reason) {
    case "stop":
    case "tool_calls":
    case "function_call":
      return "stop";
    case "length":
    case "content_filter":
      return finish_reason;
    default:
      return "other";
  }
}

function usageOf(usage: Usage | null | undefined): LlmUsage {
  return {
    inputTokens: usage?.prompt_tokens ?? null,
    outputTokens: usage?.completion_tokens ?? null,
    cachedInputTokens: usage?.prompt_tokens_details?.cached_tokens ?? null,
  };
}
