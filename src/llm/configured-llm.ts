import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Database } from "../database/connect.ts";
import { Budget } from "./calls/budget.ts";
import type { Embedder } from "./answers/embedder.ts";
import type { EmbeddingTransport } from "./calls/embedding-transport.ts";
import type { LlmSource } from "./answers/llm-source.ts";
import type { AdoptedPrompts } from "./prompts/adopted-prompts.ts";
import { offlineModel } from "./providers/offline/offline-model.ts";
import { bookOf } from "./answers/call-book.ts";
import type { Probe } from "./answers/probe.ts";
import type { Prices } from "./answers/cost.ts";
import { mergeParams } from "./calls/merge-params.ts";
import type { CacheMode } from "./answers/response-cache.ts";
import type { LlmSession } from "./answers/session.ts";
import type { LlmParams, LlmTransport } from "./calls/transport.ts";

/** `llm` of a project's config file. */
export interface LlmSettings extends LlmParams {
  readonly model?: string | object | undefined;
  readonly embeddingModel?: string | object | undefined;
  readonly timeoutMs?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly outageTimeoutMs?: number | undefined;
  readonly cache: CacheMode;
  /** Whether requests and refused answers are kept for `millrace llm log`; true unless given. */
  readonly storeRequests?: boolean | undefined;
  /** Of `model`. */
  readonly price?: LlmSession["price"];
  /** Of any models, chat or embedding, by the name that they are configured by, `provider:model`, or model. */
  readonly prices?: Prices | undefined;
  /** The limit of the provider's key, if its headers do not report it. */
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  readonly maxConcurrency?: number | undefined;
}

export interface LlmSourceOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where packages of providers are looked for; the current folder unless given. */
  readonly projectFolder?: string;
  /** Where answers are kept; without it they are not. */
  readonly database: Database | undefined;
  readonly budget?: LlmSession["budget"];
  /** Takes the place of every model: nothing is sent, and nothing written down. */
  readonly probe?: Probe | undefined;
  /** Tuned prompts, by signature. */
  readonly adopted?: AdoptedPrompts;
}

/** The models that a config names, or the offline ones. Keys and packages are looked for at the first call. */
export function configuredLlm(settings: LlmSettings, options: LlmSourceOptions): LlmSource {
  const { model, embeddingModel, temperature, maxOutputTokens, seed, providerOptions } = settings;
  const { cache, price, prices, timeoutMs, maxRetries } = settings;
  const params = { temperature, maxOutputTokens, seed, providerOptions };
  const name = nameOf(model);
  const embeddings = embeddingModel === undefined ? undefined : nameOf(embeddingModel);
  const sharedBy = ({
    provider,
    isOpaque = false,
  }: {
    readonly provider: string;
    readonly isOpaque?: boolean | undefined;
  }) => ({
    book: bookFor(options),
    storesRequests: settings.storeRequests ?? true,
    // Made-up answers are not worth keeping; those of settings that nobody sees may be another's.
    cacheMode: isOpaque || (provider === "offline" && cache === "on") ? ("off" as const) : cache,
    budget: options.probe === undefined ? options.budget : undefined,
    timeoutMs,
    outageTimeoutMs: settings.outageTimeoutMs,
    maxRetries,
  });
  const openSession = async (): Promise<LlmSession> => {
    const real = () => openTransport(model, options);
    const named = { provider: partsOf(name)[0], model: partsOf(name)[1] };
    const transport = await (options.probe?.transport(real, { named, price }) ?? real());
    const [{ priceOf }, { limiterOf }] = await Promise.all([import("./answers/cost.ts"), import("./calls/limiter.ts")]);
    const { requestsPerMinute, tokensPerMinute, maxConcurrency } = settings;
    limiterOf(transport.limiterKey, { requestsPerMinute, tokensPerMinute, maxConcurrency });
    const shared = sharedBy(transport);
    const { OutputLimits } = await import("./answers/output-limit.ts");
    return {
      ...shared,
      transport,
      params,
      outputLimits: new OutputLimits({ book: shared.book, configured: settings.maxOutputTokens }),
      price: price ?? priceOf(transport.provider, transport.model, prices, name),
    };
  };
  const openEmbedder = async (): Promise<Embedder> => {
    const real = () => openEmbeddings(embeddingModel, options);
    const [provider, named] = partsOf(embeddings ?? "offline");
    const transport = await (options.probe?.embeddings(real, { provider, model: named }) ?? real());
    const [{ Embedder }, { priceOf }] = await Promise.all([
      import("./answers/embedder.ts"),
      import("./answers/cost.ts"),
    ]);
    return new Embedder({
      ...sharedBy(transport),
      transport,
      price: priceOf(transport.provider, transport.model, prices, embeddings),
    });
  };
  return {
    model: name,
    isOffline: name === "offline",
    fingerprint: sha256(canonicalJson({ name, embeddings, params })).slice(0, 32),
    adopted: options.adopted,
    price: async () => price ?? (await import("./answers/cost.ts")).priceOf(...partsOf(name), prices, name),
    with: (overrides) => derive({ settings, options }, overrides),
    open: once(openSession),
    openEmbedder: once(openEmbedder),
  };
}

// Limits and price are those of one model; another one has its own.
const OF_ONE_MODEL = {
  price: undefined,
  requestsPerMinute: undefined,
  tokensPerMinute: undefined,
  maxConcurrency: undefined,
};

function derive(
  { settings, options }: { readonly settings: LlmSettings; readonly options: LlmSourceOptions },
  { maxCostUsd, spentUsd, probe = options.probe, ...overrides }: Parameters<LlmSource["with"]>[0],
): LlmSource {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  const changed = {
    ...settings,
    ...(overrides.model === undefined ? {} : OF_ONE_MODEL),
    ...given,
    ...mergeParams(settings, overrides),
  };
  const budget =
    maxCostUsd === undefined ? options.budget : new Budget(maxCostUsd, { spentUsd, within: options.budget });
  return configuredLlm(changed, { ...options, budget, probe });
}

function bookFor({ database, probe }: LlmSourceOptions): LlmSession["book"] {
  if (probe !== undefined) return probe.book(database);
  return database === undefined ? undefined : bookOf(database);
}

/** Opens at the first call; all others share it. */
function once<Opened>(open: () => Promise<Opened>): () => Promise<Opened> {
  let opened: Promise<Opened> | undefined;
  return () => (opened ??= open());
}

async function openTransport(
  model: LlmSettings["model"],
  { environment, projectFolder }: LlmSourceOptions,
): Promise<LlmTransport> {
  if (model === undefined) return offlineModel();
  if (typeof model === "string") {
    const { loadTransport } = await import("./providers/load-transport.ts");
    return loadTransport(model, { environment, ...(projectFolder === undefined ? {} : { projectFolder }) });
  }
  if (isTransport(model)) return model;
  const { fromAiSdk } = await import("./providers/ai-sdk/ai-sdk.ts");
  return fromAiSdk(model as Parameters<typeof fromAiSdk>[0]);
}

async function openEmbeddings(
  model: LlmSettings["embeddingModel"],
  { environment, projectFolder }: LlmSourceOptions,
): Promise<EmbeddingTransport> {
  if (model === undefined) return (await import("./providers/offline/offline-embeddings.ts")).offlineEmbeddings();
  if (typeof model === "string") {
    const { loadEmbeddings } = await import("./providers/load-embeddings.ts");
    return loadEmbeddings(model, { environment, ...(projectFolder === undefined ? {} : { projectFolder }) });
  }
  if (isEmbeddingTransport(model)) return model;
  const { embeddingsFromAiSdk } = await import("./providers/ai-sdk/ai-sdk-embeddings.ts");
  return embeddingsFromAiSdk(model as Parameters<typeof embeddingsFromAiSdk>[0]);
}

const isEmbeddingTransport = (model: object): model is EmbeddingTransport => "embed" in model && "limiterKey" in model;
const isTransport = (model: object): model is LlmTransport => "call" in model && "limiterKey" in model;

function nameOf(model: LlmSettings["model"]): string {
  if (model === undefined) return "offline";
  if (typeof model === "string") return model;
  if (isTransport(model) || isEmbeddingTransport(model))
    return model.provider === "offline" ? "offline" : `${model.provider}:${model.model}@${model.endpoint}`;
  const { provider, modelId } = model as { readonly provider?: unknown; readonly modelId?: unknown };
  return `${String(provider)}:${String(modelId)}`;
}

/** Provider and model of a name; a URL has no provider, and the part after an \@ is the endpoint. */
function partsOf(name: string): readonly [provider: string, model: string] {
  const [, ofServer] = /^https?:[^#]*#(.+)$/s.exec(name) ?? [];
  if (ofServer !== undefined) return ["openai-compatible", ofServer];
  const [, provider = "", model = ""] = /^([^:]*):(?!\/\/)([^@]*)/.exec(name) ?? [];
  return [provider.split(".")[0] ?? provider, model];
}
