import { UsageError } from "../core/errors.ts";
import { didYouMean, quoteList } from "../core/text.ts";
import { definePipeline, type Pipeline } from "../model/pipeline.ts";
import type { ModelRegistry } from "../model/registry.ts";

/** A pipeline of all models whose names begin with `namespace.`. */
export function discoverPipeline(
  registry: ModelRegistry,
  namespace: string,
  options: { readonly stopOnError?: boolean } = {},
): Pipeline {
  const models = registry.list().filter((model) => model.name.startsWith(`${namespace}.`));
  if (models.length > 0) return definePipeline({ name: namespace, models, ...options });
  const known = namespaces(registry);
  throw new UsageError(
    "PIPELINE_NOT_FOUND",
    `No model is in namespace "${namespace}".${didYouMean(namespace, known)}`,
    {
      hint:
        known.length === 0
          ? "The project has no models yet; `millrace new model` creates one."
          : `Namespaces: ${quoteList(known)}.`,
    },
  );
}

/** Resolves a name of the command line: a declared pipeline, a model, or a namespace, in this order. */
export function resolvePipeline(registry: ModelRegistry, pipelines: readonly Pipeline[], target: string): Pipeline {
  const declared = pipelines.find((pipeline) => pipeline.name === target);
  if (declared !== undefined) return declared;
  const model = registry.find(target);
  if (model !== undefined) return definePipeline({ name: target, models: [model] });
  const known = [...pipelines.map((pipeline) => pipeline.name), ...namespaces(registry)];
  if (known.includes(target)) return discoverPipeline(registry, target);
  // Throws the error for a model that is not exported.
  if (registry.unexported.includes(target)) registry.get(target);
  const names = [...known, ...registry.list().map((each) => each.name)];
  throw new UsageError(
    "PIPELINE_NOT_FOUND",
    `No pipeline, namespace or model is named "${target}".${didYouMean(target, names)}`,
    {
      hint:
        known.length === 0
          ? "The project has no models yet; `millrace new model` creates one."
          : `\`millrace ls\` shows the models; pipelines: ${quoteList(known)}.`,
    },
  );
}

/** The pipeline of a run without a name: the only one there is, or every model of the project. */
export function defaultPipeline(registry: ModelRegistry, pipelines: readonly Pipeline[]): Pipeline {
  if (pipelines.length === 1 && pipelines[0] !== undefined) return pipelines[0];
  const [namespace, ...more] = namespaces(registry);
  const hasAll = registry.list().every((model) => model.name.startsWith(`${namespace}.`));
  if (namespace !== undefined && more.length === 0 && hasAll) return discoverPipeline(registry, namespace);
  return definePipeline({ name: "all", models: registry.list() });
}

function namespaces(registry: ModelRegistry): readonly string[] {
  const names = registry
    .list()
    .flatMap((model) => (model.name.includes(".") ? [model.name.slice(0, model.name.indexOf("."))] : []));
  return [...new Set(names)].toSorted();
}
