import type { TestPlan } from "../checks/place-tests.ts";
import { errorToJson, type ErrorJson, MillraceError } from "../core/errors.ts";
import { type Database, isConnectionLoss } from "../database/connect.ts";
import type { Graph } from "../graph/build-graph.ts";
import type { LlmSource } from "../llm/llm.ts";
import { addUsage } from "../llm/telemetry.ts";
import type { CodeFingerprint } from "../model/code-fingerprint.ts";
import type { ModelContext } from "../model/context.ts";
import type { AnyModel } from "../model/define-model.ts";
import { describeTable } from "../table/table-shape.ts";
import type { ModelOutcome, RetrySettings } from "./engine.ts";
import type { EventLog } from "./event-log.ts";
import type { PlanningJob } from "./units/plan-units.ts";
import { spentInRun } from "./record-usage.ts";
import type { ModelStatus, Receipt, RunResult, RunStatus, Usage } from "./results.ts";
import { runModel } from "./run-model.ts";
import { scopeOfModel } from "./run-scope.ts";
import type { ModelRunRecord, RunSpec, RunStore } from "./run-store.ts";
import { settleModels } from "./settle-models.ts";
import { testModel } from "./tests/test-model.ts";

/** How often a model is tried again when the database was away, beside its own retries. */
const CONNECTION_ATTEMPTS = 6;

export type CodeOf = (model: string) => Promise<CodeFingerprint>;

export interface ActiveRunOptions {
  readonly spec: RunSpec;
  readonly graph: Graph;
  /** There in a build. */
  readonly tests: TestPlan | undefined;
  readonly configs: ReadonlyMap<string, unknown>;
  readonly codeOf: CodeOf;
  readonly llm: LlmSource;
  readonly database: Database;
  readonly store: RunStore;
  readonly events: EventLog;
  readonly executorId: string;
  readonly directory: string;
  readonly wait: boolean;
}

/** A run that this process plays: what the engine calls back into, and the result that comes of it. */
export class ActiveRun {
  readonly spec: RunSpec;
  readonly #options: ActiveRunOptions;
  readonly #started = performance.now();
  readonly #outcomes = new Map<string, ModelOutcome>();
  readonly #attempts = new Map<string, number>();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #cancel = new AbortController();
  readonly #knownTables: ReadonlySet<string>;

  constructor(options: ActiveRunOptions) {
    this.spec = options.spec;
    this.#knownTables = new Set([...options.graph.values()].map(({ shape }) => shape.name));
    this.#options = options;
  }

  get isCancelled(): boolean {
    return this.#cancel.signal.aborted;
  }

  /** Tells every model to stop: what is in flight is dropped, what is finished is committed. */
  cancel(): void {
    this.#cancel.abort(new MillraceError("RUN_CANCELLED", "The run was cancelled."));
  }

  /** Ends those of the models that have nothing to do. A model with tests has: they are asked each time. */
  async settle(names: readonly string[]): Promise<readonly ModelOutcome[]> {
    if (this.isCancelled) return [];
    const { store, tests, graph } = this.#options;
    const untested = names.filter((name) => tests?.tests.has(name) !== true);
    const jobs = await Promise.all(untested.map((name) => this.#job(name)));
    const settled = await settleModels(jobs, { store, graph, runId: this.spec.runId });
    return names.flatMap((model) => {
      const receipt = settled.get(model);
      return receipt === undefined ? [] : [{ model, receipt }];
    });
  }

  retryOf(name: string): RetrySettings {
    const retry = this.#model(name).model.retry;
    return { ...retry, maxAttempts: Math.max(retry.maxAttempts, CONNECTION_ATTEMPTS) };
  }

  shouldRetry(name: string, error: unknown): boolean {
    if (this.isCancelled) return false;
    const attempt = this.#attempts.get(name) ?? 1;
    const isConnection = isConnectionLoss(error);
    const isWorthIt = isConnection || !(error instanceof MillraceError) || error.isRetryable;
    const most = isConnection ? CONNECTION_ATTEMPTS : this.#model(name).model.retry.maxAttempts;
    if (!isWorthIt || attempt >= most) return false;
    this.#options.events.emit({ type: "model_retrying", model: name, attempt: attempt + 1, error: errorToJson(error) });
    return true;
  }

  async #llmOf({ name, maxCostUsd }: AnyModel): Promise<LlmSource> {
    const { llm, database } = this.#options;
    if (maxCostUsd === undefined) return llm;
    return llm.with({ maxCostUsd, spentUsd: await spentInRun(database, { runId: this.spec.runId, model: name }) });
  }

  async runModel(name: string, step: { readonly attempt: number; readonly signal: AbortSignal }): Promise<Receipt> {
    this.#attempts.set(name, step.attempt);
    // A cancellation from another process arrives through the engine, as the step's own signal.
    step.signal.addEventListener("abort", () => this.cancel(), { once: true });
    const running = this.#runAndTest(name, step.attempt);
    this.#inFlight.add(running);
    try {
      return await running;
    } catch (error) {
      throw this.isCancelled || error instanceof MillraceError || isConnectionLoss(error)
        ? error
        : modelFailed(name, error);
    } finally {
      this.#inFlight.delete(running);
    }
  }

  async #runAndTest(name: string, attempt: number): Promise<Receipt> {
    const { database, store, events, executorId, wait } = this.#options;
    const receipt = await runModel({
      ...(await this.#job(name)),
      store,
      executorId,
      wait,
      attempt,
      signal: this.#cancel.signal,
      emit: events.emit,
    });
    const tests = this.#options.tests?.tests.get(name);
    if (tests === undefined) return receipt;
    const counts = await testModel({
      database,
      runId: this.spec.runId,
      model: name,
      tests,
      isStale: (model) => this.#outcomes.has(model) && !("receipt" in (this.#outcomes.get(model) ?? {})),
      signal: this.#cancel.signal,
      emit: events.emit,
    });
    return { ...receipt, tests: counts };
  }

  async #job(name: string): Promise<PlanningJob> {
    const { database, configs, codeOf, graph, directory } = this.#options;
    const resolved = this.#model(name);
    return {
      database,
      resolved,
      config: configs.get(name),
      code: await codeOf(name),
      llm: await this.#llmOf(resolved.model),
      scope: scopeOfModel(this.spec.scope, resolved, graph),
      context: this.#context(),
      directory,
      knownTables: this.#knownTables,
    };
  }

  onOutcome(outcome: ModelOutcome): void {
    this.#outcomes.set(outcome.model, outcome);
    if (this.isCancelled) return;
    const { emit } = this.#options.events;
    if ("receipt" in outcome) emit({ type: "model_finished", model: outcome.model, receipt: outcome.receipt });
    else if ("error" in outcome) emit({ type: "model_failed", model: outcome.model, error: outcome.error });
    else emit({ type: "model_skipped", model: outcome.model, reason: outcome.skipped });
  }

  /** Stores how the run ended; once, whoever calls first. */
  async finish(problem?: unknown): Promise<RunResult> {
    await Promise.allSettled(this.#inFlight);
    const { store, events } = this.#options;
    const { runId, pipeline, models } = this.spec;
    const records = new Map((await store.models(runId)).map((record) => [record.model, record]));
    const receipts = Object.fromEntries(
      models.map(({ name }) => [name, this.#receipt(name, records.get(name), problem)]),
    );
    const byStatus = (status: ModelStatus) =>
      models.map(({ name }) => name).filter((name) => receipts[name]?.status === status);
    const errors = Object.fromEntries(
      Object.entries(receipts).flatMap(([name, { error }]) => (error === undefined ? [] : [[name, error]])),
    );
    const result: RunResult = {
      runId,
      pipeline,
      status: this.#status(Object.values(receipts)),
      models: receipts,
      modelsExecuted: [...this.#outcomes.keys()].filter((name) =>
        ["succeeded", "partial"].includes(receipts[name]?.status ?? ""),
      ),
      modelsSkipped: byStatus("skipped"),
      errors,
      usage: sumUsage(Object.values(receipts)),
      durationMs: Math.round(performance.now() - this.#started),
    };
    await store.finish(result);
    events.emit({ type: "run_finished", result });
    await events.flush();
    return result;
  }

  #status(receipts: readonly Receipt[]): RunStatus {
    if (this.isCancelled) return "cancelled";
    const has = (status: ModelStatus) => receipts.some((receipt) => receipt.status === status);
    if (has("cancelled")) return "cancelled";
    // Money is no failure: the run goes on when there is more of it.
    if (receipts.some(({ error }) => error?.code === "LLM_BUDGET")) return "stopped";
    return has("failed") ? "failed" : has("partial") ? "partial" : "succeeded";
  }

  #receipt(name: string, record: ModelRunRecord | undefined, problem: unknown): Receipt {
    const outcome = this.#outcomes.get(name);
    if (outcome !== undefined && "receipt" in outcome) return outcome.receipt;
    const partly: Omit<Receipt, "status"> = {
      tableName: describeTable(this.#model(name).model.table).name,
      rowsWritten: record?.rowsWritten ?? 0,
      rowsDeleted: record?.rowsDeleted ?? 0,
      rowsUnchanged: record?.rowsUnchanged ?? 0,
      unitsDone: record?.unitsDone ?? 0,
      unitsFailed: record?.unitsFailed ?? 0,
      unitsQuarantined: 0,
      executionTimeMs: Math.round(record?.durationMs ?? 0),
      usage: null,
      ...(record?.tests === undefined ? {} : { tests: record.tests }),
    };
    if (this.isCancelled) return { ...partly, status: "cancelled" };
    if (outcome === undefined)
      return problem === undefined
        ? { ...partly, status: "cancelled" }
        : { ...partly, status: "failed", error: errorToJson(problem) };
    return "error" in outcome
      ? { ...partly, status: "failed", error: outcome.error }
      : { ...partly, status: "skipped" };
  }

  #context(): ModelContext {
    const { runId, mode, filters, documentIds, metadata } = this.spec;
    return { runId, mode, filters, documentIds, metadata };
  }

  #model(name: string) {
    const model = this.#options.graph.get(name);
    if (model === undefined)
      throw new MillraceError("MODEL_NOT_FOUND", `Model "${name}" is not part of run ${this.spec.runId}.`);
    return model;
  }
}

function sumUsage(receipts: readonly Receipt[]): Usage | null {
  const used = receipts.flatMap(({ usage }) => (usage === null ? [] : [usage]));
  return used.length === 0 ? null : used.reduce(addUsage);
}

function modelFailed(model: string, cause: unknown): MillraceError {
  const { code, message }: ErrorJson = errorToJson(cause);
  return new MillraceError("MODEL_FAILED", `Model "${model}" failed: ${code}: ${message}`, {
    cause,
    isRetryable: true,
    hint: "Correct the model's function, then resume the run; --verbose shows where it threw.",
  });
}
