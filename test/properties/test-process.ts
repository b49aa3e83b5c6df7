import { setTimeout as sleep } from "node:timers/promises";
import { createCodeFingerprints } from "../../src/model/code/code-fingerprint.ts";
import type { AnyModel } from "../../src/model/any-model.ts";
import { definePipeline } from "../../src/model/pipeline.ts";
import { resolveProjectConfig } from "../../src/model/project-config.ts";
import { ModelRegistry } from "../../src/model/registry.ts";
import { MillraceError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/connect.ts";
import { applicationName, createExecutorId } from "../../src/state/executor-id.ts";
import { Presence } from "../../src/state/presence.ts";
import { planRun } from "../../src/plan/plan-run.ts";
import type { RunPlan } from "../../src/plan/run-plan.ts";
import { Project } from "../../src/project/project.ts";
import type { RunResult } from "../../src/state/results.ts";
import { PipelineRunner } from "../../src/run/pipeline-runner.ts";
import { inlineEngine } from "../support/inline-engine.ts";
import { MortalDatabase } from "../support/mortal-database.ts";
import { buildModels } from "./build-models.ts";
import {
  type HistoryProcess,
  NOT_RESUMABLE,
  type ProcessOptions,
  type ProcessPlan,
  type ProcessRun,
} from "./history-process.ts";
import { createKit } from "./model-kit.ts";
import { type Failures, modelName, type ModelSpec } from "./model-spec.ts";

/** What a process of Millrace is to the others: an executor with a connection of its own, which can die at any statement. */
export class TestProcess implements HistoryProcess {
  readonly #kit = createKit({
    failuresOf: () => this.#failures,
    onCall: (model, unit) => void this.#calls.push(`${modelName(model)} ${unit}`),
  });
  #failures: Failures = [];
  #calls: string[] = [];
  readonly #options: ProcessOptions;
  readonly #database: MortalDatabase;
  readonly #presence: Presence;
  readonly #executorId: string;

  private constructor(options: ProcessOptions, database: MortalDatabase, presence: Presence, executorId: string) {
    this.#options = options;
    this.#database = database;
    this.#presence = presence;
    this.#executorId = executorId;
  }

  static async start(options: ProcessOptions): Promise<TestProcess> {
    const executorId = createExecutorId();
    const { url, target } = options;
    const database = new MortalDatabase({
      url,
      target,
      applicationName: applicationName(executorId),
      maxConnections: 8,
    });
    return new TestProcess(options, database, await Presence.open(database, executorId), executorId);
  }

  get isDead(): boolean {
    return this.#database.isDead;
  }

  get calls(): readonly string[] {
    return this.#calls;
  }

  async plan({ models: specs, documents, options }: ProcessPlan): Promise<RunPlan> {
    const models = this.#build(specs);
    const project = this.#project(models, documents);
    await using runner = this.#runner(project, 1);
    const pipeline = definePipeline({ name: "history", models });
    const { codeOf, llm } = runner;
    return await planRun(project, { ...options, pipeline, database: this.#database, codeOf, llm, rows: 1_000 });
  }

  async run({
    models: specs,
    documents,
    failures,
    names,
    resumes,
    width,
    stopOnError,
    options,
    death,
  }: ProcessRun): Promise<RunResult | undefined> {
    const database = this.#database;
    const models = this.#build(specs);
    this.#failures = failures;
    this.#calls = [];
    await using runner = this.#runner(this.#project(models, documents), width);
    database.dieAt(death);
    const pipeline = definePipeline({ name: "history", models: names ?? models, stopOnError });
    try {
      const resumed = resumes ? await resume(runner) : undefined;
      return resumed ?? (await runner.start(pipeline, options));
    } catch (error) {
      if (!database.isDead) throw error;
      return undefined;
    } finally {
      database.dieAt(undefined);
    }
  }

  #build(specs: readonly ModelSpec[]): readonly AnyModel[] {
    return buildModels(specs, this.#kit);
  }

  #project(models: readonly AnyModel[], documents: readonly string[]): Project {
    const { directory, target } = this.#options;
    const registry = new ModelRegistry();
    for (const model of models) registry.register(model);
    const config = resolveProjectConfig({ documents, target }, "the test");
    return new Project({ directory, config, registry, pipelines: [], code: createCodeFingerprints(directory) });
  }

  #runner(project: Project, width: number): PipelineRunner {
    const database = this.#database;
    const launch = inlineEngine({ width, isDead: () => database.isDead });
    return new PipelineRunner({ project, database, executorId: this.#executorId, launch });
  }

  /** Ends the process; the others see that it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#presence[Symbol.asyncDispose]();
    await this.#database.close();
  }

  async isGone(admin: Database): Promise<void> {
    const name = applicationName(this.#executorId);
    while ((await admin.query("select from pg_stat_activity where application_name = $1", [name])).length > 0)
      await sleep(2);
  }
}

async function resume(runner: PipelineRunner): Promise<RunResult | undefined> {
  const [last] = await runner.store.list({ limit: 1 });
  if (last === undefined) return undefined;
  try {
    return await runner.resume(last.runId, {});
  } catch (error) {
    if (error instanceof MillraceError && NOT_RESUMABLE.includes(error.code)) return undefined;
    throw error;
  }
}
