import type { Graph } from "../graph/build-graph.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";

/** What a run is limited to, beside documents: in units, and in money. Stored with the run, so that a resume keeps to it. */
export interface RunScope {
  /** At most so many documents, or units of what reads no documents: always the same ones. */
  readonly sample?: number | undefined;
  /** Only units that failed; with codes, only those that failed so. */
  readonly retry?: { readonly codes?: readonly string[] | undefined } | undefined;
  /** Each model is tested when it is done, and fails when its tests do. */
  readonly tests?: boolean | undefined;
  /** In US dollars, for all calls to language models. */
  readonly maxCostUsd?: number | undefined;
  /** How many documents, lines and folders could not be read when the run began: it is not all that was asked for. */
  readonly unreadable?: number | undefined;
}

/**
 * The part of it that is for one model. Below a sampled model everything follows from its rows, and what reads
 * documents is limited to those of the run: only the first model of another kind counts its units.
 */
export function scopeOfModel({ sample, retry }: RunScope, { model, sources }: ResolvedModel, graph: Graph): RunScope {
  const each = sources.find((source) => source.name === model.forEach)?.origin;
  const isFirst = each?.type === "table" || (each?.type === "model" && !graph.has(each.model.name));
  return { retry, sample: isFirst ? sample : undefined };
}
