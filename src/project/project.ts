import { join, resolve } from "node:path";
import { MillraceError } from "../core/errors.ts";
import { assertUsable } from "../database/assert-usable.ts";
import { Database } from "../database/connect.ts";
import { ensureTableSchema } from "../database/ensure-schema.ts";
import { resolveDatabaseUrl } from "../database/resolve-database.ts";
import { migrateSystemSchema } from "../database/system-schema.ts";
import { buildGraph, type Graph } from "../graph/build-graph.ts";
import { defaultPipeline, resolvePipeline } from "../graph/resolve-pipeline.ts";
import { createLlm, type Llm } from "../llm/llm.ts";
import { type CodeFingerprints, createCodeFingerprints } from "../model/code/code-fingerprint.ts";
import { loadConfigFile, loadModels } from "../model/load/load-files.ts";
import { isPipeline, type Pipeline } from "../model/pipeline.ts";
import { type ProjectConfig, type ProjectConfigInput, resolveProjectConfig } from "../model/project-config.ts";
import type { ModelRegistry } from "../model/registry.ts";
import type { TestResult } from "../data-tests/test-result.ts";
import { applicationName, createExecutorId } from "../state/executor-id.ts";
import { Presence } from "../state/presence.ts";
import type { RunResult } from "../state/results.ts";
import type { RunOptions } from "../run/run-options.ts";
import { PipelineRunner } from "../run/pipeline-runner.ts";
import { changeTables } from "../run/prepare-run.ts";
import { planSchemaChanges, type SchemaPlan } from "../table/schema/schema-change.ts";
import { describeTable, type TableShape } from "../table/table-shape.ts";
import { compileModel } from "./compile-model.ts";
import type { RowKey } from "../trace/find-row.ts";
import { planRun } from "../plan/plan-run.ts";
import type { PlanOptions, RunPlan } from "../plan/run-plan.ts";
import { ProjectDocuments } from "./project-documents.ts";
import { ProjectRuns } from "./project-runs.ts";
import { type TestOptions, testProject } from "./project-tests.ts";
import { ProjectUnits } from "./project-units.ts";
import { type ShownRows, showRows, type ShowOptions } from "./show-rows.ts";
import { checkFreshness, type SourceFreshness } from "./source-freshness.ts";
import { type RowTrace, type TraceOptions, traceRow } from "../trace/trace.ts";
import type { Session, Workspace } from "./workspace.ts";

export interface OpenProjectOptions extends ProjectConfigInput {
  /** The project's folder; the current one unless said otherwise. Its config file is read unless `models` are given. */
  readonly directory?: string;
}

/**
 * Opens a project: reads its config file and its models. The database is reached when something needs it.
 *
 * @example
 * await using project = await openProject();
 * const result = await project.runPipeline("indexing", { filters: { includePattern: "docs/**" } });
 */
export async function openProject(options: OpenProjectOptions = {}): Promise<Project> {
  const { directory: given = ".", ...overrides } = options;
  const directory = resolve(given);
  const settings = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  const base = settings["models"] === undefined ? await loadConfigFile(directory) : {};
  const config = resolveProjectConfig({ ...base, ...settings }, "openProject()");
  const { files, ...models } = await loadModels(directory, config.models);
  return new Project({ directory, config, ...models, code: createCodeFingerprints(directory, files) });
}

/** A project: its models, its database, its runs. Close it, or declare it with `await using`. */
export class Project implements Workspace, AsyncDisposable {
  readonly directory: string;
  readonly config: ProjectConfig;
  readonly registry: ModelRegistry;
  readonly pipelines: readonly Pipeline[];
  readonly runs: ProjectRuns;
  readonly documents: ProjectDocuments;
  readonly units: ProjectUnits;
  /** @internal */
  readonly code: CodeFingerprints;
  #session: Promise<Session> | undefined;
  #isClosed = false;

  constructor(parts: Pick<Project, "directory" | "config" | "registry" | "pipelines" | "code">) {
    this.directory = parts.directory;
    this.config = parts.config;
    this.registry = parts.registry;
    this.pipelines = parts.pipelines;
    this.code = parts.code;
    this.runs = new ProjectRuns(this);
    this.documents = new ProjectDocuments(this);
    this.units = new ProjectUnits(this);
  }

  /** The graph of all models of the project. */
  graph(): Graph {
    return buildGraph(this.registry.list(), this.registry);
  }

  /** The pipeline that a name stands for; without a name the only one, or all models. */
  resolvePipeline(target?: string): Pipeline {
    if (target === undefined) return defaultPipeline(this.registry, this.pipelines);
    return resolvePipeline(this.registry, this.pipelines, target);
  }

  /** Runs a pipeline, a namespace or a model as one durable run. The promise resolves for every end of it. */
  async runPipeline(target?: Pipeline | string, options: RunOptions = {}): Promise<RunResult> {
    const pipeline = isPipeline(target) ? target : this.resolvePipeline(target);
    return (await this.session()).runner.start(pipeline, options);
  }

  /** Runs one model as one durable run. */
  async runModel(name: string, options: RunOptions = {}): Promise<RunResult> {
    this.registry.get(name);
    return this.runPipeline(name, options);
  }

  /** How old the sources are that say how old they may be. */
  async checkFreshness(): Promise<readonly SourceFreshness[]> {
    return checkFreshness(this);
  }

  /** The query of a SQL model, ready to be run elsewhere. */
  async compile(model: string): Promise<string> {
    return compileModel(this, this.registry.get(model));
  }

  /** Runs the data tests of models on their tables as they stand. */
  async test(options: TestOptions = {}): Promise<readonly TestResult[]> {
    return testProject(this, options);
  }

  /** What the tables need to become what the models declare; nothing is changed. */
  async planMigration(): Promise<SchemaPlan> {
    return planSchemaChanges(await this.openDatabase(), this.#shapes());
  }

  /** Changes the tables to what the models declare, where data may be lost too. */
  async migrate(): Promise<SchemaPlan> {
    return changeTables(await this.openDatabase(), this.#shapes(), {
      includeBlocked: true,
      modelOf: (table) => this.registry.findByTable(table)?.name,
    });
  }

  /** Rows of a model's table, as they stand. */
  async showRows(model: string, options: ShowOptions = {}): Promise<ShownRows> {
    return showRows(await this.openDatabase(), this.registry.get(model), options);
  }

  /** What a run would do, by model and reason. Nothing is changed. */
  async plan(pipeline?: Pipeline | string, options: PlanOptions = {}): Promise<RunPlan> {
    const { database, runner } = await this.session();
    const { codeOf, llm } = runner;
    const resolved = isPipeline(pipeline) ? pipeline : this.resolvePipeline(pipeline);
    return planRun(this, { ...options, database, codeOf, llm, pipeline: resolved });
  }

  /** Follows a row back to what it was made of: upstream rows, and in the end documents. */
  async trace(model: string, key: RowKey, options: TraceOptions = {}): Promise<RowTrace> {
    const { name } = this.registry.get(model);
    const project = { database: await this.openDatabase(), graph: this.graph(), directory: this.directory };
    return traceRow(project, { model: name, key, options });
  }

  /**
   * The project's language model, outside of a run: to ask, evaluate, optimise.
   *
   * @example
   * const { score } = await (await project.openLlm()).evaluate(classify, { examples, metric: exactMatch() });
   */
  async openLlm(): Promise<Llm> {
    const { runner } = await this.session();
    return createLlm(runner.llm, { signal: new AbortController().signal, onUsage: () => undefined });
  }

  async openDatabase(): Promise<Database> {
    return (await this.session()).database;
  }

  /** @internal */
  async session(): Promise<Session> {
    if (this.#isClosed) {
      const hint =
        "Await what uses the project before the end of the block that declares it: `return await project.runPipeline()`.";
      throw new MillraceError("PROJECT_CLOSED", "The project is already closed.", { hint });
    }
    this.#session ??= this.#open();
    return this.#session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await (await this.#session?.catch(() => undefined))?.[Symbol.asyncDispose]();
    this.#session = undefined;
  }

  #shapes(): readonly TableShape[] {
    return this.registry.list().map((model) => describeTable(model.table));
  }

  async #open(): Promise<Session> {
    const { target } = this.config;
    const { url, revive } = await resolveDatabaseUrl({
      databaseUrl: this.config.database ?? process.env["DATABASE_URL"],
      directory: join(this.directory, ".millrace", "postgres"),
    });
    const executorId = createExecutorId();
    const database = new Database({ url, target, revive, applicationName: applicationName(executorId) });
    try {
      await assertUsable(database);
      await ensureTableSchema(database);
      await migrateSystemSchema(database);
      const presence = await Presence.open(database, executorId);
      const runner = new PipelineRunner({ project: this, database, executorId });
      return {
        database,
        runner,
        async [Symbol.asyncDispose]() {
          await runner[Symbol.asyncDispose]();
          await presence[Symbol.asyncDispose]();
          await database.close();
        },
      };
    } catch (error) {
      await database.close();
      throw error;
    }
  }
}
