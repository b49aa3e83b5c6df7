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

/**
 * A language model outside of a project, for scripts. In a project, `project.openLlm()` gives the configured one.
 *
 * @example
 * await using llm = await openLlm({ model: "openai:gpt-4.1-mini" });
 */
export async function openLlm(options: OpenLlmOptions = {}): Promise<Llm & AsyncDisposable> {
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
