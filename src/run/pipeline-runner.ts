import { setTimeout as sleep } from "node:timers/promises";
import { MillraceError } from "../core/errors.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import type { CodeFingerprint } from "../model/code/code-fingerprint.ts";
import type { Pipeline } from "../model/pipeline.ts";
import { ModelRunStore } from "../state/model-run-store.ts";
import type { RunResult } from "../state/results.ts";
import { runNotFound, RunStore } from "../state/run-store.ts";
import { ActiveRun } from "./active-run.ts";
import { ActiveRuns, type ActiveRunsOptions } from "./active-runs.ts";
import { callRunEnd, callRunStart } from "./call-hooks.ts";
import type { RunnableProject } from "./prepare-run.ts";
import { llmOfProject, type PreparedRun, type RunnerContext } from "./prepared-run.ts";
import { resumeRun } from "./resume-run.ts";
import type { ResumeOptions, RunOptions } from "./run-options.ts";
import { startRun } from "./start-run.ts";

/** How long a project that closes waits for the ends of its runs. */
const MAX_END_MS = 10_000;

/** Starts, resumes and cancels runs of a project. */
export class PipelineRunner implements AsyncDisposable {
  readonly store: RunStore;
  readonly modelRuns: ModelRunStore;
  readonly #context: RunnerContext;
  readonly #activeRuns: ActiveRuns;
  readonly #running = new Set<Promise<RunResult>>();
  #isClosing = false;

  constructor(options: ActiveRunsOptions & { readonly project: RunnableProject }) {
    const { project, database, executorId } = options;
    this.store = new RunStore(database);
    this.modelRuns = new ModelRunStore(database);
    this.#activeRuns = new ActiveRuns(options);
    const engine = () => this.#activeRuns.engine();
    this.#context = { project, database, executorId, engine, store: this.store, modelRuns: this.modelRuns };
  }

  /** Starts a run. Problems with the request are thrown; how the run ends is in the result. */
  start(pipeline: Pipeline, options: RunOptions): Promise<RunResult> {
    return this.#run(startRun(this.#context, pipeline, options), options);
  }

  /** Resumes an unsuccessful run: models that succeeded are kept, the others and their dependents run again. */
  resume(runId: string, options: ResumeOptions): Promise<RunResult> {
    return this.#run(resumeRun(this.#context, runId, options), options);
  }

  /** Cancels a run, also one of another process. */
  async cancel(runId: string): Promise<void> {
    const spec = await this.store.loadSpec(runId);
    if (spec === undefined) throw runNotFound(runId);
    if (spec.status !== "running" && spec.status !== "interrupted") {
      throw new MillraceError("RUN_OVER", `Run ${runId} has already ended: ${spec.status}.`, {
        hint: "`millrace runs ls` shows what is running.",
      });
    }
    await this.#activeRuns.cancel(runId);
    if (spec.status === "interrupted") await this.store.markCancelled(runId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#activeRuns.stopAll();
    // Their ends are stored while the database is reachable; if it is away, closing does not wait for it.
    await Promise.race([Promise.allSettled(this.#running), sleep(MAX_END_MS, undefined, { ref: false })]);
    await this.#activeRuns[Symbol.asyncDispose]();
  }

  async #run(preparing: Promise<PreparedRun>, options: ResumeOptions): Promise<RunResult> {
    const run = preparing.then((prepared) => this.#execute(prepared, options));
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  async #execute(prepared: PreparedRun, options: ResumeOptions): Promise<RunResult> {
    const { spec, tests, events } = prepared;
    const { project, database } = this.#context;
    const { runId } = spec;
    events.open();
    const run = new ActiveRun({
      ...prepared,
      ...this.#context,
      codeOf: this.codeOf,
      directory: project.directory,
      wait: options.noWait !== true,
    });
    const hooks = { config: project.config, database };
    const onAbort = () => this.#activeRuns.stop(runId, options.signal?.reason);
    let ended: RunResult | undefined;
    try {
      await this.#activeRuns.while(run, async () => {
        await callRunStart(hooks, spec);
        const engine = await this.#activeRuns.engine();
        if (options.signal?.aborted === true || this.#isClosing) run.cancel(options.signal?.reason);
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

  /** The language model of the project without a run's budget, for plans and tries. */
  get llm(): LlmSource {
    return llmOfProject(this.#context);
  }

  /** Digests of a model's code as it is on disk. */
  readonly codeOf = (name: string): Promise<CodeFingerprint> => {
    const { registry, code } = this.#context.project;
    return code.of(registry.get(name), registry.fileOf(name));
  };
}
