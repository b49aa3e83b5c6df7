import type { EmbeddingAnswer, EmbeddingTransport } from "../../calls/embedding-transport.ts";
import { addressOf } from "../http/address.ts";
import { httpError } from "../http/http-error.ts";
import { LlmError } from "../../calls/llm-error.ts";
import { readOpenAiUsage } from "./openai-usage.ts";
import { accessTo, type OpenAiServerOptions } from "./openai-server.ts";
import { type JsonReply, postJson } from "../http/post-json.ts";
import { readRateLimit } from "../http/rate-limit-headers.ts";

export interface OpenAiEmbeddingsOptions extends OpenAiServerOptions {
  /** Length of the lists, where the model lets one choose. */
  readonly dimensions?: number | undefined;
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
  const { model, dimensions, apiKeyVariable, fetch } = options;
  const { baseUrl, provider, endpoint, limiterKey, headers } = accessTo(options);
  return {
    provider,
    model: dimensions === undefined ? model : `${model}@${dimensions}`,
    endpoint,
    limiterKey,
    maxTexts: MAX_TEXTS,
    async embed(texts, { signal }) {
      const body = { model, input: texts, ...(dimensions === undefined ? {} : { dimensions }) };
      const reply = await postJson({ url: addressOf(baseUrl, "/embeddings"), headers, body, signal, fetch });
      if (!reply.isOk) throw httpError({ ...reply, provider, model, apiKeyVariable, parameters: Object.keys(body) });
      return readEmbeddings(reply, { provider, model, texts: texts.length });
    },
  };
}

interface Reply {
  readonly model?: string;
  readonly data?: readonly { readonly index?: number; readonly embedding?: readonly number[] }[];
  readonly usage?: unknown;
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
  // An array with holes has fewer keys than its length.
  if (embeddings.length !== texts || Object.keys(embeddings).length !== texts) {
    const message = `The answer of ${provider} does not hold an embedding of ${model} for each of ${texts} texts.`;
    throw new LlmError("bad_response", message, { status });
  }
  return {
    embeddings,
    model: named,
    usage: { ...readOpenAiUsage(usage), outputTokens: 0 },
    rateLimit: readRateLimit(headers),
  };
}
