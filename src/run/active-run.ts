import { GracefulAbort } from "../core/abort.ts";
import { pendingAnswers } from "../llm/answers/pending-answers.ts";
import { CodedError, errorToJson, type ErrorJson, MillraceError } from "../core/errors.ts";
import { isConnectionLoss, isPassing, isServerError } from "../database/server-error.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import type { CodeFingerprint } from "../model/code/code-fingerprint.ts";
import type { ModelContext } from "../model/context.ts";
import type { AnyModel } from "../model/any-model.ts";
import type { RetrySettings } from "./engine.ts";
import { hasReceipt, type ModelOutcome } from "./schedule.ts";
import { spentInRun } from "../state/usage.ts";
import type { Receipt, RunResult } from "../state/results.ts";
import type { PreparedRun, RunnerContext } from "./prepared-run.ts";
import { runModel } from "./run-model.ts";
import { createResult } from "./run-result.ts";
import { scopeOfModel } from "../state/run-scope.ts";
import type { RunSpec } from "../state/run-store.ts";
import { finishIdleModels } from "./finish-idle-models.ts";
import type { ResolvedTest } from "../data-tests/resolve-test.ts";
import { assertTestsPassed, testModel } from "../data-tests/test-model.ts";
import { countResults, type TestCounts } from "../data-tests/test-result.ts";
import { changedRowsSql, storeResults } from "../state/test-store.ts";
import type { PlanningJob } from "./units/plan-units.ts";

/** Failing rows that an event carries; the others are in the table of results. */
const MAX_SHOWN = 10;

/** How often a model is retried after the database was away, besides its own retries. */
const CONNECTION_ATTEMPTS = 6;

export type CodeOf = (model: string) => Promise<CodeFingerprint>;

export interface ActiveRunOptions
  extends PreparedRun, Pick<RunnerContext, "database" | "store" | "modelRuns" | "executorId"> {
  readonly codeOf: CodeOf;
  readonly directory: string;
  /** Wait for other runs that hold a model. */
  readonly wait: boolean;
}

/** A run of this process: what the engine calls back, and the result. */
export class ActiveRun {
  readonly spec: RunSpec;
  readonly #options: ActiveRunOptions;
  readonly #started = performance.now();
  readonly #outcomes = new Map<string, ModelOutcome>();
  readonly #attempts = new Map<string, number>();
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #cancel = new AbortController();
  readonly #knownTables: ReadonlySet<string>;
  #fault: MillraceError | undefined;

  constructor(options: ActiveRunOptions) {
    this.spec = options.spec;
    this.#knownTables = new Set([...options.graph.values()].map(({ shape }) => shape.name));
    this.#options = options;
  }

  get isCancelled(): boolean {
    return this.#cancel.signal.aborted;
  }

  /**
   * Stops every model: what is in flight is dropped, what is finished is committed. The reason may leave calls in flight
   * their time; an error of the project's own code makes it a failed run.
   */
  cancel(reason?: unknown): void {
    if (reason instanceof MillraceError && reason.code === "UNCAUGHT_ERROR") this.#fault ??= reason;
    const message = "The run was cancelled.";
    const cancelled =
      reason instanceof GracefulAbort
        ? new GracefulAbort("RUN_CANCELLED", message, reason.now)
        : new MillraceError("RUN_CANCELLED", message);
    this.#cancel.abort(this.#fault ?? cancelled);
  }

  /** Ends the models that have nothing to do. A model with tests always has work, because tests run each time. */
  async settle(names: readonly string[]): Promise<readonly ModelOutcome[]> {
    if (this.isCancelled) return [];
    try {
      return await this.#settle(names);
    } catch (error) {
      // This is only a shortcut: without it the models run and wait for the database themselves.
      if (isConnectionLoss(error)) return [];
      throw error;
    }
  }

  async #settle(names: readonly string[]): Promise<readonly ModelOutcome[]> {
    const { modelRuns, tests, graph } = this.#options;
    const untested = names.filter((name) => tests?.tests.has(name) !== true);
    const jobs = await Promise.all(untested.map((name) => this.#job(name)));
    const settled = await finishIdleModels(jobs, { modelRuns, graph, runId: this.spec.runId });
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
    const isConnection = isPassing(error);
    const isWorthIt = isConnection || !(error instanceof CodedError) || error.isRetryable;
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
      throw this.isCancelled || error instanceof CodedError || isConnectionLoss(error)
        ? error
        : modelFailed(name, error);
    } finally {
      this.#inFlight.delete(running);
    }
  }

  async #runAndTest(name: string, attempt: number): Promise<Receipt> {
    const { modelRuns, events, executorId, wait } = this.#options;
    const receipt = await runModel({
      ...(await this.#job(name)),
      modelRuns,
      executorId,
      wait,
      attempt,
      signal: this.#cancel.signal,
      emit: events.emit,
    });
    const tests = this.#options.tests?.tests.get(name);
    if (tests === undefined) return receipt;
    return { ...receipt, tests: await this.#test(name, tests) };
  }

  async #test(model: string, tests: readonly ResolvedTest[]): Promise<TestCounts> {
    const { database, modelRuns, events } = this.#options;
    const key = { runId: this.spec.runId, model };
    const results = await testModel({
      database,
      tests,
      changedRows: (test) => changedRowsSql(test, database),
      isStale: (name) => this.#outcomes.has(name) && !hasReceipt(this.#outcomes.get(name)),
      signal: this.#cancel.signal,
      onResult: ({ rows, ...result }) =>
        events.emit({
          type: "test_finished",
          model: result.model,
          result: { ...result, rows: rows.slice(0, MAX_SHOWN) },
        }),
    });
    const counts = countResults(results);
    await storeResults(database, this.spec.runId, results);
    await modelRuns.setTests(key, counts);
    assertTestsPassed(key, results);
    return counts;
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

  /** Stores how the run ended, once; the first caller counts. */
  async finish(problem?: unknown): Promise<RunResult> {
    await Promise.allSettled(this.#inFlight);
    if (this.isCancelled) await pendingAnswers(this.spec.runId);
    const { store, modelRuns, events } = this.#options;
    const records = await modelRuns.list(this.spec.runId);
    const result = createResult({
      spec: this.spec,
      records,
      outcomes: this.#outcomes,
      isCancelled: this.isCancelled && this.#fault === undefined,
      problem: this.#fault ?? problem,
      durationMs: Math.round(performance.now() - this.#started),
      tableOf: (name) => this.#model(name).shape.name,
    });
    await store.finish(result);
    events.emit({ type: "run_finished", result });
    await events.flush();
    return result;
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

function modelFailed(model: string, cause: unknown): MillraceError {
  const { code, message }: ErrorJson = errorToJson(cause);
  return new MillraceError("MODEL_FAILED", `Model "${model}" failed: ${code}: ${message}`, {
    cause,
    isRetryable: true,
    hint: isServerError(cause)
      ? "Postgres refused a statement on the model's rows: see its table, constraints and triggers, then resume the run."
      : "Fix the model's function, then resume the run; --verbose shows the whole stack.",
  });
}
