import { untilAborted } from "../../../core/abort.ts";
import { UsageError } from "../../../core/errors.ts";
import { aiSdkError } from "./ai-sdk-error.ts";
import type { EmbeddingTransport } from "../../calls/embedding-transport.ts";
import { LlmError } from "../../calls/llm-error.ts";
import { abortError } from "../http/post-json.ts";
import { readRateLimit } from "../http/rate-limit-headers.ts";

/** What is needed of an embedding model of the AI SDK, from any of its versions. */
export interface AiSdkEmbeddingModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall?: number | PromiseLike<number | undefined> | undefined;
  doEmbed(options: never): PromiseLike<unknown>;
}

interface EmbedResult {
  readonly embeddings?: readonly (readonly number[])[];
  readonly usage?: { readonly tokens?: number };
  readonly response?: { readonly headers?: Readonly<Record<string, string>> };
}

const MAX_TEXTS = 96;

/**
 * Any embedding model of the AI SDK.
 *
 * @example
 * embeddingsFromAiSdk(google.textEmbeddingModel("gemini-embedding-001"));
 */
export async function embeddingsFromAiSdk(sdkModel: AiSdkEmbeddingModel): Promise<EmbeddingTransport> {
  if (typeof (sdkModel as Partial<AiSdkEmbeddingModel>).doEmbed !== "function") {
    throw new UsageError("LLM_MODEL", "Not an AI SDK embedding model: `doEmbed` is missing.", {
      hint: 'Pass what a provider returns, such as google.textEmbeddingModel("gemini-embedding-001").',
    });
  }
  const { provider: fullProvider, modelId: model } = sdkModel;
  const provider = fullProvider.split(".")[0] ?? fullProvider;
  const embed = sdkModel.doEmbed.bind(sdkModel) as (options: unknown) => PromiseLike<EmbedResult>;
  return {
    provider,
    model,
    endpoint: fullProvider,
    limiterKey: `${fullProvider} ${model}`,
    maxTexts: Math.min(MAX_TEXTS, (await sdkModel.maxEmbeddingsPerCall) ?? MAX_TEXTS),
    async embed(texts, { signal }) {
      const started = Promise.resolve().then(() => embed({ values: texts, abortSignal: signal }));
      const {
        embeddings = [],
        usage,
        response,
      } = await untilAborted(started, signal).catch((error: unknown) => {
        throw signal.aborted ? abortError(signal) : aiSdkError(error, { provider, model });
      });
      if (embeddings.length !== texts.length) {
        const message = `The answer of ${provider} has ${embeddings.length} embeddings of ${model} for ${texts.length} texts.`;
        throw new LlmError("bad_response", message);
      }
      return {
        embeddings,
        model,
        usage: { inputTokens: usage?.tokens ?? null, outputTokens: 0, cachedInputTokens: null },
        rateLimit: readRateLimit(new Headers({ ...response?.headers })),
      };
    },
  };
}
