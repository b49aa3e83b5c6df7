import { configuredLlm } from "./configured-llm.ts";
import { createLlm, type Llm } from "./llm.ts";
import { type OfflineOptions, offlineModel } from "./providers/offline/offline-model.ts";

/**
 * A language model for tests: answers come from `respond`, or are made up from the prompt, and are checked like any.
 *
 * @example
 * const llm = offlineLlm({ respond: () => ({ topic: "billing" }) });
 */
export function offlineLlm(options: OfflineOptions = {}): Llm {
  const source = configuredLlm(
    { model: offlineModel(options), cache: "off" },
    { environment: {}, database: undefined },
  );
  return createLlm(source, { signal: new AbortController().signal, onUsage: () => undefined });
}
