import { type Issue, IssuesError } from "../core/errors.ts";
import type { AnyModel } from "../model/any-model.ts";
import type { ModelRegistry } from "../model/registry.ts";
import { modelsReadBy, resolveModel } from "./resolve-model.ts";
import type { ResolvedModel } from "./resolved-model.ts";

/** Models by name, every one after the models it reads. */
export type Graph = ReadonlyMap<string, ResolvedModel>;

/** Resolves models and orders them; missing upstreams, wrong declarations and cycles are reported together. */
export function buildGraph(models: readonly AnyModel[], registry: ModelRegistry): Graph {
  const issues: Issue[] = [];
  const direct = new Map(models.map((model) => [model.name, resolveModel(model, registry, issues)]));
  const resolved = new Map([...direct].map(([name, model]) => [name, withDistantUpstreams(model, direct, registry)]));
  const cycle = findCycle(resolved);
  if (cycle !== undefined) {
    issues.push({
      code: "CYCLE",
      path: cycle[0] ?? "",
      file: registry.fileOf(cycle[0] ?? ""),
      message: `dependency cycle: ${cycle.join(" → ")}`,
    });
  }
  if (issues.length > 0) {
    const code = issues.every((issue) => issue.code === issues[0]?.code) ? issues[0]?.code : undefined;
    throw new IssuesError(code ?? "MODEL_INVALID", "Found problems in the models:", issues, {
      hint: "Fix the declarations of these models.",
    });
  }
  return new Map(sortModels(resolved).map((model) => [model.model.name, model]));
}

/** The given models and everything below them. */
export function withDownstreams(graph: Graph, names: Iterable<string>): ReadonlySet<string> {
  const found = new Set(names);
  for (const [name, { upstreams }] of graph) {
    if (upstreams.some((upstream) => found.has(upstream))) found.add(name);
  }
  return found;
}

// A view shows what is above it even when it does not run, and a model must not overtake the models that feed it.
function withDistantUpstreams(
  model: ResolvedModel,
  graph: ReadonlyMap<string, ResolvedModel>,
  registry: ModelRegistry,
): ResolvedModel {
  const ancestors = ancestorsOf(model, registry);
  const outside = model.upstreams.filter((name) => !graph.has(name));
  if (outside.length === 0) return { ...model, ancestors };
  const seen = new Set(model.upstreams);
  for (let name = outside.pop(); name !== undefined; name = outside.pop()) {
    for (const upstream of modelsReadBy(registry.get(name), registry)) {
      if (seen.has(upstream)) continue;
      seen.add(upstream);
      if (!graph.has(upstream)) outside.push(upstream);
    }
  }
  const distant = [...seen].filter((name) => name !== model.model.name && graph.has(name));
  return { ...model, ancestors, upstreams: [...new Set([...model.upstreams, ...distant])].toSorted() };
}

function ancestorsOf({ upstreams }: ResolvedModel, registry: ModelRegistry): readonly string[] {
  const found = new Set(upstreams);
  // Items added during the iteration are visited too.
  for (const name of found) for (const upstream of modelsReadBy(registry.get(name), registry)) found.add(upstream);
  return [...found].toSorted();
}

function sortModels(models: ReadonlyMap<string, ResolvedModel>): readonly ResolvedModel[] {
  const sorted = new Map<string, ResolvedModel>();
  const visit = (name: string) => {
    const model = models.get(name);
    if (model === undefined || sorted.has(name)) return;
    model.upstreams.forEach(visit);
    sorted.set(name, model);
  };
  [...models.keys()].toSorted().forEach(visit);
  return [...sorted.values()];
}

function findCycle(models: ReadonlyMap<string, ResolvedModel>): readonly string[] | undefined {
  const finished = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (finished.has(name)) return undefined;
    for (const upstream of models.get(name)?.upstreams ?? []) {
      const cycle = visit(upstream, [...path, name]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(name);
    return undefined;
  };
  for (const name of [...models.keys()].toSorted()) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
