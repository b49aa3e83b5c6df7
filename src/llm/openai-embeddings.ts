import type { EmbeddingAnswer, EmbeddingTransport } from "./embedding-transport.ts";
import { httpError } from "./http-error.ts";
import { LlmError } from "./llm-error.ts";
import { checkBaseUrl, type Fetch, type JsonReply, postJson } from "./post-json.ts";
import { readRateLimit } from "./rate-limit-headers.ts";

export interface OpenAiEmbeddingsOptions {
  /** Up to and without `/embeddings`: `http://localhost:8000/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey?: string | undefined;
  readonly provider?: string | undefined;
  /** A name for the server, so that its answers are found again behind another URL. The origin of the URL by default. */
  readonly endpoint?: string | undefined;
  /** Length of the lists, where the model lets one choose. */
  readonly dimensions?: number | undefined;
  /** The environment variable that the key came from, for the error that it is not accepted. */
  readonly apiKeyVariable?: string | undefined;
  readonly fetch?: Fetch | undefined;
}

// A request may carry 300,000 tokens at OpenAI, and a text 8,192: this many texts of usual length always fit.
const MAX_TEXTS = 128;

/**
 * An embedding model behind OpenAI's protocol.
 *
 * @example
 * openAiEmbeddings({ baseUrl: "http://localhost:11434/v1", model: "nomic-embed-text" });
 */
export function openAiEmbeddings(options: OpenAiEmbeddingsOptions): EmbeddingTransport {
  const { model, provider = "openai-compatible", dimensions, apiKeyVariable, fetch } = options;
  const baseUrl = checkBaseUrl(options.baseUrl);
  const endpoint = options.endpoint ?? new URL(baseUrl).origin;
  const apiKey = options.apiKey?.trim() ?? "";
  const headers: Readonly<Record<string, string>> = apiKey === "" ? {} : { authorization: `Bearer ${apiKey}` };
  return {
    provider,
    model: dimensions === undefined ? model : `${model}@${dimensions}`,
    endpoint,
    limiterKey: `${endpoint} ${model}`,
    maxTexts: MAX_TEXTS,
    async embed(texts, { signal }) {
      const body = { model, input: texts, ...(dimensions === undefined ? {} : { dimensions }) };
      const reply = await postJson({ url: `${baseUrl}/embeddings`, headers, body, signal, fetch });
      if (!reply.isOk) throw httpError({ ...reply, provider, model, apiKeyVariable, parameters: Object.keys(body) });
      return readEmbeddings(reply, { provider, model, texts: texts.length });
    },
  };
}

interface Reply {
  readonly model?: string;
  readonly data?: readonly { readonly index?: number; readonly embedding?: readonly number[] }[];
  readonly usage?: { readonly prompt_tokens?: number | null } | null;
}

function readEmbeddings(
  { body, headers, status }: JsonReply,
  { provider, model, texts }: { readonly provider: string; readonly model: string; readonly texts: number },
): EmbeddingAnswer {
  const { data = [], usage, model: named = model } = (body ?? {}) as Reply;
  const embeddings: (readonly number[])[] = [];
  for (const [place, { index = place, embedding }] of data.entries()) {
    if (Array.isArray(embedding)) embeddings[index] = embedding;
  }
  // An array with holes has fewer keys than its length says.
  if (embeddings.length !== texts || Object.keys(embeddings).length !== texts) {
    const message = `The answer of ${provider} does not hold an embedding of ${model} for each of ${texts} texts.`;
    throw new LlmError("bad_response", message, { status });
  }
  return {
    embeddings,
    model: named,
    usage: { inputTokens: usage?.prompt_tokens ?? null, outputTokens: 0, cachedInputTokens: null },
    rateLimit: readRateLimit(headers),
  };
}
