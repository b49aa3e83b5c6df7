import { AsyncLocalStorage } from "node:async_hooks";
import { UsageError } from "../core/errors.ts";
import { quoteList } from "../core/text.ts";
import { mergeParams } from "./calls/merge-params.ts";
import type { LlmOverrides, LlmSource } from "./answers/llm-source.ts";

const KNOWN: ReadonlySet<string> = new Set<keyof LlmOverrides>([
  "model",
  "price",
  "temperature",
  "maxOutputTokens",
  "seed",
  "providerOptions",
]);

const overrides = new AsyncLocalStorage<LlmOverrides>();

// A context is one object for all calls made in it; they share the model that it opens.
const sources = new WeakMap<LlmOverrides, WeakMap<LlmSource, LlmSource>>();

/** Does work whose calls go to another model, or have other parameters. Contexts nest; the inner one goes first. */
export function inContext<Result>(given: LlmOverrides, work: () => Result): Result {
  const unknown = Object.keys(given).filter((name) => !KNOWN.has(name));
  if (unknown.length > 0) {
    throw new UsageError("CONFIG_INVALID", `llm.context has no option ${quoteList(unknown)}.`, {
      hint: `Its options are ${[...KNOWN].join(", ")}.`,
    });
  }
  const outer = overrides.getStore() ?? {};
  return overrides.run({ ...outer, ...given, ...mergeParams(outer, given) }, work);
}

/** The source with the overrides of the context; outside a context, the source itself. */
export function sourceInContext(source: LlmSource): LlmSource {
  const given = overrides.getStore();
  if (given === undefined) return source;
  const known = sources.get(given) ?? new WeakMap<LlmSource, LlmSource>();
  sources.set(given, known);
  const derived = known.get(source) ?? source.with(given);
  known.set(source, derived);
  return derived;
}
