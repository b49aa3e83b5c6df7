import { setTimeout as sleep } from "node:timers/promises";
import { placeTests, type TestPlan } from "../data-tests/place-tests.ts";
import { resolveTests } from "../data-tests/resolve-test.ts";
import { MillraceError, UsageError } from "../core/errors.ts";
import type { Database, DatabaseClient } from "../database/connect.ts";
import { resolveDocumentFilters } from "../documents/filters/document-filters.ts";
import { type Graph, withDownstreams } from "../graph/build-graph.ts";
import { configuredLlm } from "../llm/configured-llm.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import { readAdopted } from "../llm/prompts/adopted-prompts.ts";
import type { CodeFingerprint } from "../model/code/code-fingerprint.ts";
import { allDocuments } from "../model/context.ts";
import type { Pipeline } from "../model/pipeline.ts";
import { ActiveRun } from "./active-run.ts";
import { callRunEnd, callRunStart } from "./call-hooks.ts";
import { EventLog } from "../state/event-log.ts";
import { configsOf, graphOf, prepareTables, type RunnableProject, syncRunDocuments } from "./prepare-run.ts";
import { spentInRun } from "../state/usage.ts";
import type { RunResult } from "../state/results.ts";
import { graphOfRun, plannedModels, summarizeModels } from "./run-graph.ts";
import { ActiveRuns, type ActiveRunsOptions } from "./active-runs.ts";
import type { ResumeOptions, RunOptions } from "./run-options.ts";
import { ModelRunStore } from "../state/model-run-store.ts";
import { createRunId, type RunRecord, type RunSpec, RunStore } from "../state/run-store.ts";

/** How long a project that closes waits for the ends of its runs. */
const MAX_END_MS = 10_000;

/** What a run needs beside its request. */
interface Prepared {
  readonly graph: Graph;
  readonly configs: ReadonlyMap<string, unknown>;
  readonly events: EventLog;
  readonly llm: LlmSource;
}

/** Prepares runs and plays them on the engine. */
export class PipelineRunner implements AsyncDisposable {
  readonly store: RunStore;
  readonly modelRuns: ModelRunStore;
  readonly #project: RunnableProject;
  readonly #database: Database;
  readonly #executorId: string;
  readonly #host: ActiveRuns;
  readonly #playing = new Set<Promise<RunResult>>();
  #isClosing = false;

  constructor(options: ActiveRunsOptions & { readonly project: RunnableProject }) {
    this.#project = options.project;
    this.#database = options.database;
    this.#executorId = options.executorId;
    this.#host = new ActiveRuns(options);
    this.store = new RunStore(options.database);
    this.modelRuns = new ModelRunStore(options.database);
  }

  /** Starts a run. What is wrong with the request is thrown; how the run ends is in the result. */
  start(pipeline: Pipeline, options: RunOptions): Promise<RunResult> {
    return this.#follow(this.#start(pipeline, options));
  }

  async #start(pipeline: Pipeline, options: RunOptions): Promise<RunResult> {
    const { settings = {}, metadata = {}, filters = {}, mode = "delta" } = options;
    const runId = createRunId();
    const graph = graphOf(this.#project, pipeline);
    const configs = configsOf(this.#project, graph, settings);
    // A broken one stops the run before there is one.
    readAdopted(this.#project.directory);
    const scope = {
      sample: options.sample,
      retry: options.retry,
      tests: options.tests,
      maxCostUsd: options.maxCostUsd,
    };
    this.#testsOf(graph, scope);
    const events = new EventLog({ database: this.#database, runId, listener: options.onEvent });
    const models = plannedModels(graph);
    events.emit({
      type: "run_started",
      runId,
      pipeline: pipeline.name,
      models: summarizeModels(graph),
      mode,
      isResumed: false,
    });
    const engine = this.#host.engine();
    // Whatever fails first below is what the caller hears.
    engine.catch(() => undefined);
    await prepareTables({ database: this.#database, graph, events });
    const synced = await syncRunDocuments({ project: this.#project, database: this.#database, graph, ...options });
    if (synced !== undefined) {
      const { warnings, ...sync } = synced;
      events.emit({ type: "documents_synced", ...sync });
      for (const message of warnings) events.emit({ type: "warning", message });
    }
    const documentIds = await resolveDocumentFilters({
      database: this.#database,
      directory: this.#project.directory,
      filters,
      declared: this.#project.config.documentFilters,
      sample: options.sample,
    });
    if (documentIds?.length === 0) {
      events.emit({
        type: "warning",
        message: "No document passes the filters: models of documents have no rows to work on.",
      });
    }
    options.signal?.throwIfAborted();
    const stopOnError = options.stopOnError ?? pipeline.stopOnError;
    const spec: RunSpec = {
      runId,
      pipeline: pipeline.name,
      models,
      mode,
      filters,
      documentIds: documentIds ?? allDocuments,
      settings,
      metadata,
      stopOnError,
      scope,
    };
    const [previous] = await this.store.list({ limit: 1 });
    if (mode === "delta" && previous !== undefined) warnOfHalfRefresh(previous, events);
    await engine;
    const llm = await this.#llmOf(spec, options);
    await this.store.insert(spec, this.#executorId);
    return this.#play(spec, { graph, configs, events, llm }, options);
  }

  /** Goes on with a run that did not succeed: models that did stand, the others and what depends on them run again. */
  resume(runId: string, options: ResumeOptions): Promise<RunResult> {
    return this.#follow(this.#resume(runId, options));
  }

  async #resume(runId: string, options: ResumeOptions): Promise<RunResult> {
    const spec = await this.store.loadSpec(runId);
    if (spec === undefined) throw runNotFound(runId);
    if (spec.status === "running") throw runActive(runId);
    if (spec.status === "succeeded") {
      throw new MillraceError("RUN_SUCCEEDED", `Run ${runId} has succeeded; there is nothing to resume.`, {
        hint: "Start a new one with `millrace run`.",
      });
    }
    const graph = graphOfRun(spec, this.#project.registry);
    const configs = configsOf(this.#project, graph, spec.settings);
    const records = await this.modelRuns.list(runId);
    const tests = this.#testsOf(graph, spec.scope)?.tests;
    const unfinished = records
      .filter(
        (record) => record.status !== "succeeded" || (tests?.has(record.model) === true && record.tests === undefined),
      )
      .map((record) => record.model);
    const affected = withDownstreams(graph, unfinished);
    const again = spec.models.map(({ name }) => name).filter((name) => affected.has(name));
    const events = new EventLog({ database: this.#database, runId, listener: options.onEvent });
    events.emit({
      type: "run_started",
      runId,
      pipeline: spec.pipeline,
      models: summarizeModels(graph),
      mode: spec.mode,
      isResumed: true,
    });
    await prepareTables({ database: this.#database, graph, events });
    const engine = await this.#host.engine();
    const llm = await this.#llmOf(spec, options);
    const reopenModels = (client: DatabaseClient) => this.modelRuns.reopen(client, runId, again);
    if (!(await this.store.reopen(runId, this.#executorId, reopenModels))) throw runActive(runId);
    try {
      await engine.forget(runId, again);
    } catch (error) {
      await this.store.markCancelled(runId);
      throw error;
    }
    return this.#play(spec, { graph, configs, events, llm }, options);
  }

  /** Cancels a run, wherever it plays. */
  async cancel(runId: string): Promise<void> {
    const spec = await this.store.loadSpec(runId);
    if (spec === undefined) throw runNotFound(runId);
    if (spec.status !== "running" && spec.status !== "interrupted") {
      throw new MillraceError("RUN_OVER", `Run ${runId} has ended already: ${spec.status}.`, {
        hint: "`millrace runs ls` shows what is running.",
      });
    }
    await this.#host.cancel(runId);
    if (spec.status === "interrupted") await this.store.markCancelled(runId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#host.stopAll();
    // Their ends are stored while there is a database to store them in; one that is away is not waited for.
    await Promise.race([Promise.allSettled(this.#playing), sleep(MAX_END_MS, undefined, { ref: false })]);
    await this.#host[Symbol.asyncDispose]();
  }

  async #follow(run: Promise<RunResult>): Promise<RunResult> {
    this.#playing.add(run);
    try {
      return await run;
    } finally {
      this.#playing.delete(run);
    }
  }

  async #play(spec: RunSpec, { graph, configs, events, llm }: Prepared, options: ResumeOptions): Promise<RunResult> {
    const { runId } = spec;
    events.open();
    const tests = this.#testsOf(graph, spec.scope);
    const run = new ActiveRun({
      spec,
      graph,
      tests,
      configs,
      codeOf: this.codeOf,
      llm,
      database: this.#database,
      store: this.store,
      modelRuns: this.modelRuns,
      events,
      executorId: this.#executorId,
      directory: this.#project.directory,
      wait: options.noWait !== true,
    });
    const hooks = { config: this.#project.config, database: this.#database };
    const onAbort = () => this.#host.stop(runId);
    let ended: RunResult | undefined;
    try {
      await this.#host.hosting(run, async () => {
        await callRunStart(hooks, spec);
        const engine = await this.#host.engine();
        if (options.signal?.aborted === true || this.#isClosing) run.cancel();
        options.signal?.addEventListener("abort", onAbort, { once: true });
        const models = spec.models.map((model) => ({ ...model, after: tests?.after.get(model.name) ?? [] }));
        await engine.run(runId, { models, mode: spec.mode, stopOnError: spec.stopOnError });
      });
    } catch (error) {
      // A run that ended badly has stored its result; a cancelled one or one whose engine failed has not.
      if ((await this.store.loadResult(runId)) === undefined) ended = await run.finish(error);
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
    }
    const result = ended ?? (await this.store.loadResult(runId));
    if (result === undefined) throw new MillraceError("RUN_LOST", `Run ${runId} ended without a result.`);
    await callRunEnd(hooks, result, events);
    return result;
  }

  /** The language model of the project, without a run's account: for what plans and tries. */
  get llm(): LlmSource {
    const { directory, config } = this.#project;
    const adopted = readAdopted(directory);
    const options = { database: this.#database, environment: process.env, projectFolder: directory, adopted };
    return configuredLlm(config.llm, options);
  }

  // What a run may spend holds for all of it, also after a resume, which may be given more.
  async #llmOf({ runId, scope }: RunSpec, options: ResumeOptions): Promise<LlmSource> {
    const maxCostUsd = options.maxCostUsd ?? scope.maxCostUsd ?? this.#project.config.llm.maxCostUsd;
    if (maxCostUsd === undefined) return this.llm;
    return this.llm.with({ maxCostUsd, spentUsd: await spentInRun(this.#database, { runId }) });
  }

  /** Digests of a model's code as it stands on disk. */
  readonly codeOf = (name: string): Promise<CodeFingerprint> => {
    const { registry, code } = this.#project;
    return code.of(registry.get(name), registry.fileOf(name));
  };

  #testsOf(graph: Graph, scope: RunSpec["scope"]): TestPlan | undefined {
    if (scope.tests !== true) return undefined;
    return placeTests(resolveTests(graph.values(), this.#project.registry), graph);
  }
}

// Its units are not stale in the eyes of a plain run, which would pass them over in silence.
function warnOfHalfRefresh({ runId, mode, status }: RunRecord, events: EventLog): void {
  if (mode !== "full" || status === "succeeded" || status === "partial" || status === "running") return;
  const message = `The full refresh of run ${runId} was not finished: rows that it did not reach are the old ones. \`millrace runs resume ${runId}\` goes on with it.`;
  events.emit({ type: "warning", message });
}

function runActive(runId: string): MillraceError {
  return new MillraceError("RUN_ACTIVE", `Run ${runId} is running already, here or in another process.`, {
    hint: `Follow it with \`millrace runs logs ${runId} --follow\`.`,
  });
}

export function runNotFound(runId: string): UsageError {
  return new UsageError("RUN_NOT_FOUND", `There is no run "${runId}".`, {
    hint: "`millrace runs ls` shows the runs.",
  });
}
