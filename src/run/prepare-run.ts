import type { Database } from "../database/connect.ts";
import type { DocumentSync } from "../documents/sync-documents.ts";
import { configuredSets, runSet, syncSets } from "../documents/sync-sets.ts";
import { buildGraph, type Graph } from "../graph/build-graph.ts";
import { resolveConfigs } from "../model/config.ts";
import type { AnyModel } from "../model/define-model.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { Project } from "../project/project.ts";

/** The models of a pipeline, in their order. */
export function graphOf({ registry }: Project, pipeline: Pipeline): Graph {
  const models = pipeline.models.map((model): AnyModel => {
    if (typeof model === "string") return registry.get(model);
    registry.register(model);
    return model;
  });
  return buildGraph([...new Set(models)], registry);
}

/** The parameters of every model, by its name. */
export function configsOf(
  { config: project }: Project,
  graph: Graph,
  settings: Readonly<Record<string, string>>,
): ReadonlyMap<string, unknown> {
  const models = [...graph.values()].map(({ model }) => model);
  return resolveConfigs(models, { settings, environment: process.env, project });
}

export interface SyncRunOptions {
  readonly project: Project;
  readonly database: Database;
  readonly graph: Graph;
  /** Paths and globs instead of the configured ones. */
  readonly documents?: readonly string[];
  readonly allowDeletes?: boolean;
}

/** Brings the documents table up to date; undefined when no model of the run reads documents. */
export async function syncRunDocuments(options: SyncRunOptions): Promise<DocumentSync | undefined> {
  const { project, database, graph, documents, allowDeletes } = options;
  const readsDocuments = [...graph.values()].some(({ sources }) =>
    sources.some(({ origin }) => origin.type === "documents"),
  );
  if (!readsDocuments) return undefined;
  const sets = documents === undefined ? await configuredSets(database, project.config.documents) : [runSet(documents)];
  return syncSets({ database, directory: project.directory, sets, allowDeletes });
}
