import type { IncomingMessage } from "node:http";
import type { StructuredMode } from "../../../src/llm/calls/transport.ts";

/** What the server does wrong on purpose. */
export type Fault =
  | "400"
  | "401"
  | "429"
  | "500"
  | "content_filter"
  | "context_length"
  | "empty"
  | "fenced"
  | "malformed"
  | "quota"
  | "refusal"
  | "stall"
  | "truncated";

export interface ModelRequest {
  readonly protocol: "openai" | "anthropic";
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** The last thing that was said. */
  readonly prompt: string;
  readonly mode: StructuredMode;
  /** Of the answer, where the request says. */
  readonly schema: Readonly<Record<string, unknown>> | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage["headers"];
  /** Which prompt it is, from 0, in the order of arrival. */
  readonly index: number;
  /** How many times it was asked, from 1. */
  readonly attempt: number;
}

interface Limit {
  readonly perSecond: number;
  readonly remaining: number;
  readonly resetMs: number;
}

interface Answer {
  readonly text: string;
  readonly fault: Fault | undefined;
  readonly usage: { readonly input: number; readonly output: number; readonly cached: number | undefined } | undefined;
}

/** How requests and answers look on the wire. */
export interface Protocol {
  readonly name: "openai" | "anthropic";
  shapeOf(body: Readonly<Record<string, unknown>>): {
    readonly mode: StructuredMode;
    readonly schema: ModelRequest["schema"];
  };
  answer(request: ModelRequest, answer: Answer): object;
  error(code: string, message: string): object;
  limitHeaders(limit: Limit | undefined): Readonly<Record<string, string>>;
}

export function protocolOf(path: string): Protocol | undefined {
  if (path.endsWith("/chat/completions")) return OPENAI;
  return path.endsWith("/v1/messages") ? ANTHROPIC : undefined;
}

interface OpenAiBody {
  readonly response_format?: { readonly type: StructuredMode; readonly json_schema?: { readonly schema: Schema } };
  readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters: Schema } }[];
}

type Schema = Readonly<Record<string, unknown>>;

const FAULT_FINISH: Readonly<Record<string, string>> = { truncated: "length", content_filter: "content_filter" };

const OPENAI: Protocol = {
  name: "openai",
  shapeOf(body) {
    const { response_format, tools } = body as OpenAiBody;
    if (tools !== undefined) return { mode: "tool", schema: tools[0]?.function.parameters };
    return { mode: response_format?.type ?? "none", schema: response_format?.json_schema?.schema };
  },
  answer({ mode, body, model, index, attempt }, { text, fault, usage }) {
    const written = spoil(text, fault);
    const name = (body as OpenAiBody).tools?.[0]?.function.name;
    const call = { id: "call", type: "function", function: { name, arguments: written } };
    const message =
      fault === "refusal"
        ? { role: "assistant", content: null, refusal: "I cannot help with that." }
        : mode === "tool"
          ? { role: "assistant", content: null, tool_calls: [call] }
          : { role: "assistant", content: written };
    const finish_reason = FAULT_FINISH[fault ?? ""] ?? (mode === "tool" ? "tool_calls" : "stop");
    return {
      id: `chatcmpl-${index}-${attempt}`,
      object: "chat.completion",
      created: 1_700_000_000,
      model: `${model}-2025-01-01`,
      choices: fault === "empty" ? [] : [{ index: 0, finish_reason, message }],
      ...(usage === undefined
        ? {}
        : {
            usage: {
              prompt_tokens: usage.input,
              completion_tokens: usage.output,
              total_tokens: usage.input + usage.output,
              ...(usage.cached === undefined ? {} : { prompt_tokens_details: { cached_tokens: usage.cached } }),
            },
          }),
    };
  },
  error: (code, message) => ({ error: { message, type: "invalid_request_error", param: null, code } }),
  limitHeaders: (limit) =>
    limit === undefined
      ? {}
      : {
          "x-ratelimit-limit-requests": String(limit.perSecond),
          "x-ratelimit-remaining-requests": String(limit.remaining),
          "x-ratelimit-reset-requests": `${limit.resetMs}ms`,
        },
};

const STOP_REASONS: Readonly<Record<string, string>> = { truncated: "max_tokens", refusal: "refusal" };

const ANTHROPIC: Protocol = {
  name: "anthropic",
  shapeOf(body) {
    const { tools } = body as { readonly tools?: readonly { readonly input_schema: Schema }[] };
    return { mode: tools === undefined ? "none" : "tool", schema: tools?.[0]?.input_schema };
  },
  answer({ model, index, attempt, body }, { text, fault, usage }) {
    const { tools } = body as { readonly tools?: readonly { readonly name: string }[] };
    const stop_reason = STOP_REASONS[fault ?? ""] ?? "tool_use";
    const input = fault === undefined ? parseObject(text) : undefined;
    const block =
      input === undefined
        ? { type: "text", text: spoil(text, fault) }
        : { type: "tool_use", id: "toolu", name: tools?.[0]?.name, input };
    const cached = usage?.cached ?? 0;
    return {
      id: `msg-${index}-${attempt}`,
      type: "message",
      role: "assistant",
      model: `${model}-20250101`,
      content: fault === "empty" || fault === "refusal" ? [] : [block],
      stop_reason: fault === "empty" ? "end_turn" : stop_reason,
      ...(usage === undefined
        ? {}
        : {
            usage: {
              input_tokens: usage.input - cached,
              output_tokens: usage.output,
              ...(usage.cached === undefined
                ? {}
                : { cache_read_input_tokens: cached, cache_creation_input_tokens: 0 }),
            },
          }),
    };
  },
  error: (code, message) => ({ type: "error", error: { type: code, message } }),
  limitHeaders: (limit) =>
    limit === undefined
      ? {}
      : {
          "anthropic-ratelimit-requests-limit": String(limit.perSecond),
          "anthropic-ratelimit-requests-remaining": String(limit.remaining),
          "anthropic-ratelimit-requests-reset": new Date(Date.now() + limit.resetMs).toISOString(),
        },
};

function spoil(text: string, fault: Fault | undefined): string {
  if (fault === "fenced") return `Here it is:\n\`\`\`json\n${text}\n\`\`\``;
  return fault === "truncated" || fault === "content_filter" ? text.slice(0, Math.ceil(text.length / 2)) : text;
}

function parseObject(text: string): unknown {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
