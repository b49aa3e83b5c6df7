import { untilAborted } from "../../../core/abort.ts";
import { UsageError } from "../../../core/errors.ts";
import { type Generated, readGenerated } from "./ai-sdk-answer.ts";
import { aiSdkError } from "./ai-sdk-error.ts";
import { abortError } from "../http/post-json.ts";
import { plainSchema, strictSchema } from "../openai/strict-schema.ts";
import type { LlmRequest, LlmTransport } from "../../calls/transport.ts";

/** What is needed of a language model of the AI SDK, from any of its versions. */
export interface AiSdkModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
  doGenerate(options: never): PromiseLike<unknown>;
}

export interface FromAiSdkOptions {
  /**
   * Separates servers, or settings, of models with one name; by default the model's provider. Answers of a model in
   * middleware, whose settings nobody can see, are kept under this name only.
   */
  readonly endpoint?: string | undefined;
}

const VERSIONS = ["v2", "v3", "v4"];

/**
 * Any model object of the AI SDK, so that its many providers can be used.
 *
 * @example
 * fromAiSdk(google("gemini-2.5-flash"));
 */
export function fromAiSdk(sdkModel: AiSdkModel, options: FromAiSdkOptions = {}): LlmTransport {
  const { provider: fullProvider, modelId: model } = checkModel(sdkModel);
  const endpoint = options.endpoint ?? [fullProvider, addressIn(sdkModel)].filter((part) => part !== "").join(" ");
  // `google.generative-ai` and `openai.responses` name the interface as well; prices and options go by the provider.
  const provider = fullProvider.split(".")[0] ?? fullProvider;
  return {
    provider,
    model,
    endpoint,
    isOpaque: options.endpoint === undefined && isWrapped(sdkModel),
    limiterKey: options.endpoint ?? fullProvider,
    async call(request, { signal }) {
      const generate = sdkModel.doGenerate.bind(sdkModel) as (options: unknown) => PromiseLike<Generated>;
      const generated = await untilAborted(
        Promise.resolve().then(() => generate({ ...callOptions(request, provider), abortSignal: signal })),
        signal,
      ).catch((error: unknown) => {
        throw signal.aborted ? abortError(signal) : aiSdkError(error, { provider, model });
      });
      return readGenerated(generated, { provider, model });
    },
  };
}

// Providers create class instances; wrappers such as middleware are plain objects.
const isWrapped = (model: AiSdkModel): boolean => Object.getPrototypeOf(model) === Object.prototype;

/** Where a model is, as far as its object shows. */
function addressIn(model: AiSdkModel): string {
  const { config } = model as { readonly config?: { readonly baseURL?: unknown } | undefined };
  return typeof config?.baseURL === "string" ? config.baseURL : "";
}

function checkModel(model: AiSdkModel): AiSdkModel {
  const { specificationVersion, doGenerate } = model as Partial<AiSdkModel>;
  if (typeof doGenerate !== "function") {
    throw new UsageError("LLM_MODEL", "Not an AI SDK model: `doGenerate` is missing.", {
      hint: 'Pass what a provider returns, such as google("gemini-2.5-flash").',
    });
  }
  if (!VERSIONS.includes(specificationVersion ?? "")) {
    throw new UsageError("LLM_MODEL", `AI SDK models of version "${String(specificationVersion)}" are not supported.`, {
      hint: `Install a provider package whose models have version ${VERSIONS.join(", ")}.`,
    });
  }
  return model;
}

function callOptions({ messages, schema, params }: LlmRequest, provider: string): Readonly<Record<string, unknown>> {
  const { temperature, maxOutputTokens, seed, providerOptions } = params;
  const isStrict = provider === "openai" || provider === "azure";
  return {
    prompt: messages.map(({ role, content }) =>
      role === "system" ? { role, content } : { role, content: [{ type: "text", text: content }] },
    ),
    responseFormat: {
      type: "json",
      name: schema.name,
      schema: (isStrict ? strictSchema(schema.json) : undefined) ?? plainSchema(schema.json),
    },
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(providerOptions === undefined ? {} : { providerOptions }),
  };
}
