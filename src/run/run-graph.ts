import { MillraceError } from "../core/errors.ts";
import { buildGraph, type Graph } from "../graph/build-graph.ts";
import { shownForm } from "../model/define-sql-model.ts";
import type { ModelRegistry } from "../model/registry.ts";
import type { ModelSummary } from "../state/run-events.ts";
import type { RunSpec } from "../state/run-store.ts";

/** The models of a run. Each waits for the upstreams that run with it; the others are read as they are. */
export function plannedModels(graph: Graph): RunSpec["models"] {
  return [...graph].map(([name, { model, upstreams }]) => ({
    name,
    upstreams: upstreams.filter((upstream) => graph.has(upstream)),
    ...(shownForm(model) === "view" ? { isView: true } : {}),
  }));
}

/** The models of a run, as its first event lists them. */
export function summarizeModels(graph: Graph): readonly ModelSummary[] {
  return [...graph.values()].map(({ model, shape, upstreams }) => ({
    name: model.name,
    ...(model.description === undefined ? {} : { description: model.description }),
    table: shape.name,
    form: shownForm(model),
    upstreams: upstreams.filter((upstream) => graph.has(upstream)),
  }));
}

/** The graph of an earlier run; an error when the dependencies of its models have changed since. */
export function graphOfRun(spec: RunSpec, registry: ModelRegistry): Graph {
  const found = spec.models.map(({ name }) => registry.find(name)).filter((model) => model !== undefined);
  const graph = buildGraph(found, registry);
  const edges = (models: RunSpec["models"]) =>
    models
      .map(({ name, upstreams }) => `${name}<${upstreams.join(",")}`)
      .toSorted()
      .join(" ");
  if (edges(plannedModels(graph)) === edges(spec.models)) return graph;
  throw new MillraceError("RUN_GRAPH_CHANGED", `The models of run ${spec.runId} have changed since it started.`, {
    hint: `Start a new run: \`millrace run ${spec.pipeline}\`. Units that are done are not processed again.`,
  });
}
