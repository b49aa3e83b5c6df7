import { LlmError } from "../../calls/llm-error.ts";
import type { LlmAnswer } from "../../calls/transport.ts";
import { finishOf } from "../../calls/finish-reason.ts";
import { readRateLimit } from "../http/rate-limit-headers.ts";
import { readOpenAiUsage } from "./openai-usage.ts";

interface Completion {
  readonly model?: string;
  readonly choices?: readonly Choice[];
  readonly usage?: unknown;
}

interface Choice {
  readonly finish_reason?: unknown;
  readonly message?: Message;
}

interface Message {
  readonly content?: unknown;
  readonly refusal?: string | null;
  readonly tool_calls?: readonly { readonly function?: { readonly arguments?: unknown } }[] | null;
  readonly function_call?: { readonly arguments?: unknown } | null;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
}

/** Reads a chat completion. */
export function readCompletion(
  { body, headers, status }: { readonly body: unknown; readonly headers: Headers; readonly status: number },
  { provider, model }: { readonly provider: string; readonly model: string },
): LlmAnswer {
  const completion = body as Completion | null | undefined;
  const choice = completion?.choices?.[0];
  if (completion === undefined || completion === null || typeof choice?.message !== "object") {
    const problem = completion === undefined ? "is not JSON" : "holds no choice";
    throw new LlmError("bad_response", `The answer of ${provider} to the call to ${model} ${problem}.`, {
      status,
      usage: completion?.usage == null ? undefined : readOpenAiUsage(completion.usage),
    });
  }
  const isRefusal = isFilled(choice.message.refusal);
  return {
    text: textOf(choice.message),
    finish: isRefusal ? "refusal" : finishOf(choice.finish_reason),
    usage: readOpenAiUsage(completion.usage),
    model: completion.model ?? model,
    rateLimit: readRateLimit(headers),
  };
}

function textOf(message: Message): string {
  const { refusal, tool_calls, function_call, content, reasoning_content, reasoning } = message;
  const called = tool_calls?.[0]?.function ?? function_call;
  // Servers that keep thoughts apart put the whole answer there when the model never ends them.
  const places = [refusal, called?.arguments, content, reasoning_content, reasoning];
  return places.map(writtenOut).find((text) => text.trim() !== "") ?? "";
}

/** Text, the texts of parts, or what a server has parsed already. */
function writtenOut(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  if (!Array.isArray(value)) return JSON.stringify(value);
  return value.map((part: { readonly text?: unknown } | null) => writtenOut(part?.text)).join("");
}

const isFilled = (text: unknown): boolean => typeof text === "string" && text !== "";
