import type { Database } from "../database/connect.ts";
import type { Receipt } from "../state/results.ts";
import type { ModelOutcome, Schedule } from "./schedule.ts";

export interface RetrySettings {
  readonly maxAttempts: number;
  readonly intervalSeconds: number;
  readonly backoffRate: number;
}

/** What an engine calls back: supplied by the project, so that schedules carry names instead of code. */
export interface EngineHost {
  runModel(
    runId: string,
    model: string,
    step: { readonly attempt: number; readonly signal: AbortSignal },
  ): Promise<Receipt>;
  /** Ends the models that have nothing to do; the others must be run. */
  settle(runId: string, models: readonly string[]): Promise<readonly ModelOutcome[]>;
  retryOf(runId: string, model: string): RetrySettings;
  shouldRetry(runId: string, model: string, error: unknown): boolean;
  /** Stores the end of a run and returns its status. */
  finishRun(runId: string): Promise<string>;
  /** An outcome is certain; called once in each process that executes the run. */
  onOutcome(runId: string, outcome: ModelOutcome): void;
}

/** Schedules the models of runs. */
export interface Engine extends AsyncDisposable {
  /** Starts a run and waits for its end; the result is in the database by then. */
  run(runId: string, graph: Schedule): Promise<void>;
  cancel(runId: string): Promise<void>;
  /** Forgets a run's scheduling, the given models and those it does not know the end of: the run can be started again. */
  forget(runId: string, models: readonly string[]): Promise<void>;
}

export type LaunchEngine = (options: {
  readonly database: Database;
  readonly executorId: string;
  readonly host: EngineHost;
}) => Promise<Engine>;
