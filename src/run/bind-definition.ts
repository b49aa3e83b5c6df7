import type { ResolvedSource } from "../graph/resolved-model.ts";
import { allDocuments } from "../model/context.ts";
import type { SourceSpec } from "../model/any-model.ts";
import { type BindOptions, bindSource, type BoundSource } from "../sources/bind-source.ts";

const NO_RUN = { runId: "none", mode: "delta", filters: {}, documentIds: allDocuments, metadata: {} } as const;

/** Looks a source up as its declaration defines it, for no run in particular. */
export async function bindDefinition(
  given: ResolvedSource,
  options: Omit<BindOptions, "context">,
): Promise<{ readonly source: ResolvedSource; readonly bound: BoundSource }> {
  const source = { ...given, spec: { ...given.spec, where: definitionOf(given.spec) } };
  return { source, bound: await bindSource(source, { ...options, context: NO_RUN }) };
}

// Functions are about a run.
function definitionOf({ where }: SourceSpec): SourceSpec["where"] {
  if (where === undefined || typeof where === "function") return undefined;
  return Object.fromEntries(Object.entries(where).filter(([, value]) => typeof value !== "function"));
}
