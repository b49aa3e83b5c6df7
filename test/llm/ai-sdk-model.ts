import type { AiSdkModel } from "../../src/llm/providers/ai-sdk/ai-sdk.ts";

interface CallOptions {
  readonly prompt: readonly {
    readonly role: string;
    readonly content: string | readonly { readonly text: string }[];
  }[];
  readonly responseFormat: { readonly name: string; readonly schema: object };
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
  readonly abortSignal: AbortSignal;
}

interface Completion {
  readonly model: string;
  readonly choices: readonly {
    readonly finish_reason: string;
    readonly message: { readonly content: string | null; readonly refusal?: string };
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens: number };
  };
}

const REASONS: Readonly<Record<string, string>> = { content_filter: "content-filter", refusal: "content-filter" };

/** A model object as the AI SDK's OpenAI provider makes it, with the results and errors of each version. */
export function sdkModel(version: "v2" | "v3" | "v4", baseUrl: string): AiSdkModel {
  return {
    specificationVersion: version,
    provider: "openai.chat",
    modelId: "m",
    async doGenerate(options: CallOptions) {
      const { response, text } = await post(`${baseUrl}/chat/completions`, options);
      const responseHeaders = Object.fromEntries(response.headers);
      if (!response.ok) {
        throw callError("Failed", { statusCode: response.status, responseHeaders, responseBody: text, options });
      }
      const completion = parse(text);
      if (completion === undefined) throw callError("Invalid JSON response", { statusCode: 200, options });
      const choice = completion.choices[0];
      if (choice === undefined) return { content: [], finishReason: "other", usage: {}, warnings: [] };
      const raw = choice.message.refusal === undefined ? choice.finish_reason : "refusal";
      const unified = REASONS[raw] ?? raw;
      return {
        content: choice.message.content === null ? [] : [{ type: "text", text: choice.message.content }],
        finishReason: version === "v2" ? unified : { unified, raw },
        usage: usageOf(completion.usage, version),
        response: { modelId: completion.model, headers: responseHeaders },
        warnings: [],
      };
    },
  };
}

async function post(url: string, { prompt, responseFormat, temperature, maxOutputTokens, abortSignal }: CallOptions) {
  const messages = prompt.map(({ role, content }) => ({
    role,
    content: typeof content === "string" ? content : content.map(({ text }) => text).join(""),
  }));
  const body = {
    model: "m",
    messages,
    response_format: { type: "json_schema", json_schema: responseFormat },
    temperature,
    max_tokens: maxOutputTokens,
  };
  try {
    const response = await fetch(url, { method: "POST", body: JSON.stringify(body), signal: abortSignal });
    return { response, text: await response.text() };
  } catch (cause) {
    if (abortSignal.aborted) throw cause;
    throw callError("Cannot connect to API", { cause });
  }
}

function usageOf(usage: Completion["usage"], version: string) {
  const input = usage?.prompt_tokens;
  const output = usage?.completion_tokens;
  const cacheRead = usage?.prompt_tokens_details?.cached_tokens;
  if (version === "v2") return { inputTokens: input, outputTokens: output, cachedInputTokens: cacheRead };
  return { inputTokens: { total: input, cacheRead }, outputTokens: { total: output } };
}

// Like the real one, it holds the whole prompt.
function callError(message: string, members: object): Error {
  return Object.assign(new Error(`${message}: ${JSON.stringify(members)}`), { name: "AI_APICallError", ...members });
}

function parse(text: string): Completion | undefined {
  try {
    return JSON.parse(text) as Completion;
  } catch {
    return undefined;
  }
}
