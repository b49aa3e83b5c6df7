import { UsageError } from "../core/errors.ts";
import { quoteList } from "../core/text.ts";
import { assertUsable } from "../database/assert-usable.ts";
import { Database } from "../database/connect.ts";
import { migrateSystemSchema } from "../database/system-schema.ts";
import { configuredLlm, type LlmSettings } from "./configured-llm.ts";
import { createLlm, type Llm } from "./llm.ts";

/** The settings of `llm` in a config file, and where answers are kept. */
export interface OpenLlmOptions extends Partial<LlmSettings> {
  /** Database that answers are kept in; without one they are not kept. */
  readonly databaseUrl?: string;
  readonly signal?: AbortSignal;
}

const KNOWN: ReadonlySet<string> = new Set(
  Object.keys({
    model: 0,
    embeddingModel: 0,
    temperature: 0,
    maxOutputTokens: 0,
    seed: 0,
    providerOptions: 0,
    timeoutMs: 0,
    maxRetries: 0,
    outageTimeoutMs: 0,
    cache: 0,
    storeRequests: 0,
    price: 0,
    prices: 0,
    requestsPerMinute: 0,
    tokensPerMinute: 0,
    maxConcurrency: 0,
    databaseUrl: 0,
    signal: 0,
  } satisfies Readonly<Record<keyof OpenLlmOptions, 0>>),
);

/**
 * A language model outside of a project, for scripts. In a project, `project.openLlm()` gives the configured one.
 *
 * @example
 * await using llm = await openLlm({ model: "openai:gpt-4.1-mini" });
 */
export async function openLlm(options: OpenLlmOptions = {}): Promise<Llm & AsyncDisposable> {
  const unknown = Object.keys(options).filter((name) => !KNOWN.has(name));
  if (unknown.length > 0) {
    throw new UsageError("CONFIG_INVALID", `openLlm has no option ${quoteList(unknown)}.`, {
      hint: `Its options are ${[...KNOWN].join(", ")}.`,
    });
  }
  const { databaseUrl, signal = new AbortController().signal, cache = "on", ...settings } = options;
  const database = databaseUrl === undefined ? undefined : new Database({ url: databaseUrl });
  try {
    if (database !== undefined) {
      await assertUsable(database);
      await migrateSystemSchema(database);
    }
  } catch (error) {
    await database?.close();
    throw error;
  }
  const source = configuredLlm({ ...settings, cache }, { environment: process.env, database });
  const llm = createLlm(source, { signal, onUsage: () => undefined });
  return { ...llm, [Symbol.asyncDispose]: async () => database?.close() };
}
