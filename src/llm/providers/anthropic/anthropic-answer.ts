import { LlmError } from "../../calls/llm-error.ts";
import type { LlmAnswer, LlmUsage } from "../../calls/transport.ts";
import { finishOf } from "../../calls/finish-reason.ts";
import { readRateLimit } from "../http/rate-limit-headers.ts";

interface Message {
  readonly model?: string;
  readonly stop_reason?: string | null;
  readonly content?: readonly { readonly type?: string; readonly text?: string; readonly input?: unknown }[];
  readonly usage?: Usage | null;
}

interface Usage {
  readonly input_tokens?: number | null;
  readonly output_tokens?: number | null;
  readonly cache_read_input_tokens?: number | null;
  readonly cache_creation_input_tokens?: number | null;
}

/** Reads an answer of the Messages API: what the tool was given, or the text where the model did not use it. */
export function readMessage(
  { body, headers, status }: { readonly body: unknown; readonly headers: Headers; readonly status: number },
  model: string,
): LlmAnswer {
  const message = body as Message | null | undefined;
  const content = message?.content;
  const finish = finishOf(message?.stop_reason);
  const isEmpty = !Array.isArray(content) || (content.length === 0 && (finish === "stop" || finish === "other"));
  if (message === undefined || message === null || isEmpty) {
    const problem = message === undefined ? "is not JSON" : "is empty";
    const usage = message?.usage == null ? undefined : usageOf(message.usage);
    throw new LlmError("bad_response", `The answer of anthropic to the call to ${model} ${problem}.`, {
      status,
      usage,
    });
  }
  return {
    text: textOf(content ?? []),
    finish,
    usage: usageOf(message.usage),
    model: message.model ?? model,
    rateLimit: readRateLimit(headers),
  };
}

function textOf(content: NonNullable<Message["content"]>): string {
  const used = content.find(({ type }) => type === "tool_use");
  if (used !== undefined) return JSON.stringify(used.input ?? {});
  return content.flatMap(({ type, text = "" }) => (type === "text" ? [text] : [])).join("");
}

// What was read from the cache or written to it is not among the input tokens here.
function usageOf(usage: Usage | null | undefined): LlmUsage {
  const cached = usage?.cache_read_input_tokens ?? null;
  const input = usage?.input_tokens ?? null;
  const written = usage?.cache_creation_input_tokens ?? null;
  return {
    inputTokens: input === null ? null : input + (cached ?? 0) + (written ?? 0),
    outputTokens: usage?.output_tokens ?? null,
    cachedInputTokens: cached,
    cacheWriteTokens: written,
  };
}
