import { pruneRejected } from "../state/call-log.ts";
import { resolveDocumentFilters } from "../documents/filters/document-filters.ts";
import { readAdopted } from "../llm/prompts/adopted-prompts.ts";
import { allDocuments } from "../model/context.ts";
import type { Pipeline } from "../model/pipeline.ts";
import { EventLog } from "../state/event-log.ts";
import { createRunId, type RunRecord, type RunSpec } from "../state/run-store.ts";
import { configsOf, graphOf, prepareTables, syncRunDocuments } from "./prepare-run.ts";
import { llmOfRun, type PreparedRun, type RunnerContext, testsOf } from "./prepared-run.ts";
import { plannedModels, summarizeModels } from "./run-graph.ts";
import type { RunOptions } from "./run-options.ts";

/** Prepares a new run with its models, tables and documents, and stores it in the database. Problems are thrown. */
export async function startRun(context: RunnerContext, pipeline: Pipeline, options: RunOptions): Promise<PreparedRun> {
  const { project, database, store, executorId } = context;
  const { settings = {}, metadata = {}, filters = {}, mode = "delta" } = options;
  const runId = createRunId();
  const graph = graphOf(project, pipeline);
  const configs = configsOf(project, graph, settings);
  // If it is broken, the run never starts.
  readAdopted(project.directory);
  const scope = {
    sample: options.sample,
    retry: options.retry,
    tests: options.tests,
    maxCostUsd: options.maxCostUsd,
  };
  const tests = testsOf(graph, scope, project);
  const events = new EventLog({ database, runId, listener: options.onEvent });
  const models = plannedModels(graph);
  events.emit({
    type: "run_started",
    runId,
    pipeline: pipeline.name,
    models: summarizeModels(graph),
    mode,
    isResumed: false,
  });
  const engine = context.engine();
  // The caller gets the first error from below.
  engine.catch(() => undefined);
  await prepareTables({ database, graph, events });
  await pruneRejected(database, project.config.llm.keepRejectedDays);
  const synced = await syncRunDocuments({ project, database, graph, ...options });
  if (synced !== undefined) {
    const { warnings, ...sync } = synced;
    events.emit({ type: "documents_synced", ...sync });
    for (const message of warnings) events.emit({ type: "warning", message });
  }
  const documentIds = await resolveDocumentFilters({
    database,
    directory: project.directory,
    filters,
    declared: project.config.documentFilters,
    sample: options.sample,
  });
  if (documentIds?.length === 0) {
    events.emit({
      type: "warning",
      message: "No document passes the filters: models that read documents have no rows to process.",
    });
  }
  options.signal?.throwIfAborted();
  const spec: RunSpec = {
    runId,
    pipeline: pipeline.name,
    models,
    mode,
    filters,
    documentIds: documentIds ?? allDocuments,
    settings,
    metadata,
    stopOnError: options.stopOnError ?? pipeline.stopOnError,
    scope: { ...scope, unreadable: synced?.failed.length },
  };
  const [previous] = await store.list({ limit: 1 });
  if (mode === "delta" && previous !== undefined) warnOfHalfRefresh(previous, events);
  await engine;
  const llm = await llmOfRun(context, spec, options);
  await store.insert(spec, executorId);
  return { spec, graph, tests, configs, events, llm };
}

// A plain run does not consider its units stale and would silently skip them.
function warnOfHalfRefresh({ runId, mode, status }: RunRecord, events: EventLog): void {
  if (mode !== "full" || status === "succeeded" || status === "partial" || status === "running") return;
  const message = `The full refresh of run ${runId} was not finished: rows that it did not reach are the old ones. \`millrace runs resume ${runId}\` continues it.`;
  events.emit({ type: "warning", message });
}
