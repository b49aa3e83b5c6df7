import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Database } from "../database/connect.ts";
import type { LlmSource } from "./llm.ts";
import { offlineModel } from "./offline.ts";
import { type CacheMode, PostgresCache } from "./response-cache.ts";
import type { LlmSession } from "./session.ts";
import type { LlmParams, LlmTransport } from "./transport.ts";

/** `llm` of a project's config file. */
export interface LlmSettings extends LlmParams {
  readonly model?: string | object | undefined;
  readonly timeoutMs?: number | undefined;
  readonly maxRetries?: number | undefined;
  readonly cache: CacheMode;
  readonly price?: LlmSession["price"];
}

export interface LlmSourceOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where packages of providers are looked for; the current folder unless given. */
  readonly projectFolder?: string;
  /** Where answers are kept; without it they are not. */
  readonly database: Database | undefined;
  readonly budget?: LlmSession["budget"];
}

/** The model that a config names, or the offline one. Its key and its packages are looked for at the first call. */
export function configuredLlm(settings: LlmSettings, options: LlmSourceOptions): LlmSource {
  const { model, temperature, maxOutputTokens, seed, cache, price, timeoutMs, maxRetries } = settings;
  const params = { temperature, maxOutputTokens, seed };
  let session: Promise<LlmSession> | undefined;
  const openSession = async (): Promise<LlmSession> => {
    const transport = await openTransport(model, options);
    const { priceOf } = await import("./prices.ts");
    return {
      transport,
      params,
      // Made-up answers cost nothing and are no answers to keep.
      cache:
        options.database === undefined || transport.provider === "offline"
          ? undefined
          : new PostgresCache(options.database),
      cacheMode: cache,
      price: price ?? priceOf(transport.provider, transport.model),
      budget: options.budget,
      timeoutMs,
      maxRetries,
    };
  };
  const name = nameOf(model);
  return {
    model: name,
    isOffline: name === "offline",
    fingerprint: sha256(canonicalJson({ name, params })).slice(0, 32),
    open: () => {
      session ??= openSession();
      return session;
    },
  };
}

async function openTransport(
  model: LlmSettings["model"],
  { environment, projectFolder }: LlmSourceOptions,
): Promise<LlmTransport> {
  if (model === undefined) return offlineModel();
  if (typeof model === "string") {
    const { loadTransport } = await import("./load-transport.ts");
    return loadTransport(model, { environment, ...(projectFolder === undefined ? {} : { projectFolder }) });
  }
  if (isTransport(model)) return model;
  const { fromAiSdk } = await import("./ai-sdk.ts");
  return fromAiSdk(model as Parameters<typeof fromAiSdk>[0]);
}

const isTransport = (model: object): model is LlmTransport => "call" in model && "limiterKey" in model;

function nameOf(model: LlmSettings["model"]): string {
  if (model === undefined) return "offline";
  if (typeof model === "string") return model;
  if (isTransport(model))
    return model.provider === "offline" ? "offline" : `${model.provider}:${model.model}@${model.endpoint}`;
  const { provider, modelId } = model as { readonly provider?: unknown; readonly modelId?: unknown };
  return `${String(provider)}:${String(modelId)}`;
}
