import type { Database } from "../database/connect.ts";
import type { DocumentSync } from "../documents/sync-documents.ts";
import { configuredSets, runSet, syncSets } from "../documents/sync-sets.ts";
import { buildGraph, type Graph } from "../graph/build-graph.ts";
import type { CodeFingerprints } from "../model/code/code-fingerprint.ts";
import { resolveConfigs } from "../model/config.ts";
import type { AnyModel } from "../model/any-model.ts";
import type { Pipeline } from "../model/pipeline.ts";
import type { ProjectConfig } from "../model/project-config.ts";
import type { ModelRegistry } from "../model/registry.ts";
import { applySchemaChanges, blockedError, planSchemaChanges, type SchemaPlan } from "../table/schema/schema-change.ts";
import type { TableShape } from "../table/table-shape.ts";
import type { EventLog } from "../state/event-log.ts";
import { forgetModels } from "../state/unit-state.ts";

/** What a run needs to know of its project. */
export interface RunnableProject {
  readonly directory: string;
  readonly config: ProjectConfig;
  readonly registry: ModelRegistry;
  readonly code: CodeFingerprints;
}

/** The models of a pipeline, in their order. */
export function graphOf({ registry }: RunnableProject, pipeline: Pipeline): Graph {
  const models = pipeline.models.map((model): AnyModel => {
    if (typeof model === "string") return registry.get(model);
    registry.register(model);
    return model;
  });
  return buildGraph([...new Set(models)], registry);
}

/** The parameters of every model, by its name. */
export function configsOf(
  { config: project }: RunnableProject,
  graph: Graph,
  settings: Readonly<Record<string, string>>,
): ReadonlyMap<string, unknown> {
  const models = [...graph.values()].map(({ model }) => model);
  return resolveConfigs(models, { settings, environment: process.env, project });
}

export interface SyncRunOptions {
  readonly project: RunnableProject;
  readonly database: Database;
  readonly graph: Graph;
  /** Paths and globs instead of the configured ones. */
  readonly documents?: readonly string[];
  readonly allowDeletes?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Brings the documents table up to date; undefined when no model of the run reads documents. */
export async function syncRunDocuments(options: SyncRunOptions): Promise<DocumentSync | undefined> {
  const { project, database, graph, documents, allowDeletes, signal } = options;
  const readsDocuments = [...graph.values()].some(({ sources }) =>
    sources.some(({ origin }) => origin.type === "documents"),
  );
  if (!readsDocuments) return undefined;
  const sets = documents === undefined ? await configuredSets(database, project.config.documents) : [runSet(documents)];
  return syncSets({ database, directory: project.directory, sets, allowDeletes, signal });
}

export interface PrepareTablesOptions {
  readonly database: Database;
  readonly graph: Graph;
  readonly events: EventLog;
}

/** Creates and extends the tables of a run's models, or stops where data could be lost. */
export async function prepareTables({ database, graph, events }: PrepareTablesOptions): Promise<void> {
  const shapes = [...graph.values()].map(({ shape }) => shape);
  const plan = await planSchemaChanges(database, shapes);
  if (plan.blocked.length > 0) throw blockedError(plan.blocked);
  if (plan.statements.length + plan.created.length === 0) return;
  const { statements } = await changeTables(database, shapes, {
    modelOf: (table) => [...graph.values()].find(({ shape }) => shape.name === table)?.model.name,
  });
  if (statements.length > 0) events.emit({ type: "schema_changed", statements });
}

/** Changes tables, and clears the ledger of those that are recreated, because they are empty then. */
export function changeTables(
  database: Database,
  shapes: readonly TableShape[],
  options: {
    readonly modelOf: (table: string) => string | undefined;
    /** Allow changes that may lose data. */
    readonly includeBlocked?: boolean;
  },
): Promise<SchemaPlan> {
  return applySchemaChanges(database, shapes, {
    includeBlocked: options.includeBlocked,
    onChange: (client, { created }) =>
      forgetModels(
        client,
        database.systemSchema,
        created.flatMap((table) => options.modelOf(table) ?? []),
      ),
  });
}
