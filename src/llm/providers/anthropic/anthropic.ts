import { readMessage } from "./anthropic-answer.ts";
import { httpError } from "../http/http-error.ts";
import type { Fetch } from "../http/patient-fetch.ts";
import { addressOf, checkBaseUrl, endpointOf, limiterKeyOf } from "../http/address.ts";
import { postJson } from "../http/post-json.ts";
import { plainSchema } from "../openai/strict-schema.ts";
import type { LlmRequest, LlmTransport } from "../../calls/transport.ts";

export interface AnthropicOptions {
  readonly model: string;
  readonly apiKey?: string | undefined;
  /** Up to and without `/v1/messages`; a `/v1` at its end does no harm. */
  readonly baseUrl?: string | undefined;
  readonly fetch?: Fetch | undefined;
}

const PROVIDER = "anthropic";
const API_VERSION = "2023-06-01";
// The API insists on a limit.
const DEFAULT_MAX_TOKENS = 4_096;

/**
 * A model of Anthropic. It answers through a tool that it is made to use.
 *
 * @example
 * anthropic({ model: "claude-haiku-4-5", apiKey });
 */
export function anthropic({ model, apiKey, baseUrl, fetch }: AnthropicOptions): LlmTransport {
  const base = checkBaseUrl(baseUrl ?? "https://api.anthropic.com").replace(/\/v1(?=$|\?)/, "");
  const key = apiKey?.trim() ?? "";
  const headers = { "anthropic-version": API_VERSION, ...(key === "" ? {} : { "x-api-key": key }) };
  return {
    provider: PROVIDER,
    model,
    endpoint: endpointOf(base),
    limiterKey: limiterKeyOf(base, key),
    async call(request, { signal }) {
      const body = messagesBody(request, model);
      const reply = await postJson({ url: addressOf(base, "/v1/messages"), headers, body, signal, fetch });
      if (reply.isOk) return readMessage(reply, model);
      const parameters = Object.keys(body);
      throw httpError({ ...reply, provider: PROVIDER, model, apiKeyVariable: "ANTHROPIC_API_KEY", parameters });
    },
  };
}

function messagesBody({ messages, schema, params }: LlmRequest, model: string): Readonly<Record<string, unknown>> {
  const { temperature, maxOutputTokens, providerOptions } = params;
  const options = providerOptions?.[PROVIDER];
  // A model that thinks may not be made to use a tool, and thinks within the limit.
  const thinking = options?.["thinking"] as { readonly type?: unknown; readonly budget_tokens?: unknown } | undefined;
  const thinks = thinking !== undefined && thinking.type !== "disabled";
  const defaultTokens = DEFAULT_MAX_TOKENS + (thinks ? Number(thinking.budget_tokens ?? 0) : 0);
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  // Empty text is refused, and the model may have given such an answer before.
  const turns = messages.filter(({ role, content }) => role !== "system" && content.trim() !== "");
  return {
    model,
    max_tokens: maxOutputTokens ?? defaultTokens,
    ...(system.length === 0 ? {} : { system: system.join("\n\n") }),
    messages: turns.map(({ role, content }) => ({ role, content })),
    tools: [{ name: schema.name, description: "Gives the answer.", input_schema: plainSchema(schema.json) }],
    tool_choice: thinks ? { type: "auto" } : { type: "tool", name: schema.name },
    ...(temperature === undefined ? {} : { temperature }),
    ...options,
  };
}
