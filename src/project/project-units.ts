import { UsageError } from "../core/errors.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import { allDocuments, type RunMode } from "../model/context.ts";
import { definePipeline } from "../model/pipeline.ts";
import { configsOf, graphOf, syncRunDocuments } from "../run/prepare-run.ts";
import type { RunScope } from "../state/run-scope.ts";
import { loadCallLog, type LoggedCall } from "../state/call-log.ts";
import { acceptUnits, type FailedUnits, listFailedUnits } from "../state/unit-state.ts";
import type { PlanningJob } from "../run/units/plan-units.ts";
import type { FunctionJob } from "../run/units/unit-function.ts";
import { explainUnit, type Explanation } from "../plan/explain-unit.ts";
import { markCurrent } from "../plan/mark-current.ts";
import type { Workspace } from "./workspace.ts";
import { tryModel } from "../plan/try-model.ts";
import type { TriedUnit } from "../plan/try-query.ts";

export interface UnitOptions {
  /** Parameters as with `--set`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The units of a project's models: why they run, which failed, what a model would make of them. */
export class ProjectUnits {
  readonly #project: Workspace;

  constructor(project: Workspace) {
    this.#project = project;
  }

  /** Why a unit would run now, or would not. A composite key is given by its parts, a long one by its beginning, the only unit of a document by its path. */
  async explain(model: string, key: readonly string[], options: UnitOptions = {}): Promise<Explanation> {
    return explainUnit(await this.#job(model, options), key);
  }

  /** Units that failed at their last try. */
  async failed(options: { readonly models?: readonly string[]; readonly limit?: number } = {}): Promise<FailedUnits> {
    const { registry } = this.#project;
    const models = (options.models ?? registry.list().map(({ name }) => name)).map((name) => registry.get(name).name);
    return listFailedUnits(await this.#project.openDatabase(), { models, limit: options.limit });
  }

  /** The latest calls of language models of a model, or of one of its units: what was asked, and what came back. */
  async calls(
    model: string,
    options: { readonly key?: readonly string[]; readonly limit?: number } = {},
  ): Promise<readonly LoggedCall[]> {
    const { name } = this.#project.registry.get(model);
    return loadCallLog(await this.#project.openDatabase(), { model: name, ...options });
  }

  /**
   * Accepts that units fail: quarantined units of a model, by key, by code or all of them. Runs no longer count them,
   * until something about them changes. Returns how many there were.
   */
  async accept(
    model: string,
    options: {
      readonly by: string;
      readonly key?: readonly string[] | undefined;
      readonly code?: string | undefined;
      readonly reason?: string | undefined;
    },
  ): Promise<number> {
    const { name } = this.#project.registry.get(model);
    const { by, key = [], code, reason } = options;
    return acceptUnits(await this.#project.openDatabase(), { model: name, by, key, code, reason });
  }

  /** Declares a model's stored output current, whatever has changed since; returns how many units that is news for. */
  async markCurrent(model: string, options: UnitOptions = {}): Promise<number> {
    return markCurrent(await this.#job(model, options));
  }

  /** Runs a model on `count` units, always the same ones, without writing what it makes of them. */
  async try(
    model: string,
    options: UnitOptions & {
      readonly count?: number;
      readonly signal?: AbortSignal;
      /** Language models are not asked: their answers must be kept. */
      readonly onlyKept?: boolean;
    } = {},
  ): Promise<readonly TriedUnit[]> {
    const { count = 3, signal = new AbortController().signal, onlyKept = false } = options;
    const job = await this.#job(model, { ...options, mode: "full", scope: { sample: count } });
    const graph = new Map([[job.resolved.model.name, job.resolved]]);
    await syncRunDocuments({ project: this.#project, database: job.database, graph });
    const units = await tryModel(onlyKept ? { ...job, llm: withKeptAnswers(job.llm) } : job, { signal });
    if (units.length > 0) return units;
    throw new UsageError("NO_UNITS", `Model "${job.resolved.model.name}" has no units to try.`, {
      hint: "Run the models that it reads first.",
    });
  }

  async #job(
    name: string,
    options: UnitOptions & { readonly mode?: RunMode; readonly scope?: RunScope },
  ): Promise<PlanningJob & FunctionJob> {
    const { registry, directory } = this.#project;
    const model = registry.get(name);
    const graph = graphOf(this.#project, definePipeline({ name: model.name, models: [model] }));
    const resolved = graph.get(model.name);
    if (resolved === undefined) throw new UsageError("MODEL_NOT_FOUND", `Model "${name}" is not in this project.`);
    const { database, runner } = await this.#project.session();
    const { mode = "delta", settings = {}, scope = {} } = options;
    return {
      database,
      resolved,
      context: { runId: "none", mode, filters: {}, documentIds: allDocuments, metadata: {} },
      config: configsOf(this.#project, graph, settings).get(model.name),
      code: await runner.codeOf(model.name),
      llm: runner.llm,
      scope,
      knownTables: new Set(),
      directory,
      emit: () => undefined,
    };
  }
}

// Answers that are made up cost nothing, and are not kept.
function withKeptAnswers(llm: LlmSource): LlmSource {
  return llm.isOffline ? llm : { ...llm, open: async () => ({ ...(await llm.open()), cacheMode: "only" }) };
}
