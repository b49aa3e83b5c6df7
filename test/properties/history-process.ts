import type { RunPlan } from "../../src/plan/run-plan.ts";
import type { RunResult } from "../../src/state/results.ts";
import type { RunOptions } from "../../src/run/run-options.ts";
import type { Database } from "../../src/database/connect.ts";
import type { Death } from "../support/mortal-database.ts";
import type { Failures, ModelSpec } from "./model-spec.ts";

export interface ProcessOptions {
  readonly url: string;
  readonly target: string;
  readonly directory: string;
}

/** A run as a process is told of it: all of it is data. */
export interface ProcessRun {
  readonly models: readonly ModelSpec[];
  /** Where documents are read from, as in a project's settings. */
  readonly documents: readonly string[];
  readonly failures: Failures;
  /** Names of the models to run; all of them unless given. */
  readonly names?: readonly string[] | undefined;
  /** Goes on with the last run where that is possible. */
  readonly resumes: boolean;
  /** Models at work at the same time, where the engine can be told. */
  readonly width: number;
  readonly stopOnError: boolean;
  readonly options: RunOptions;
  readonly death: Death | undefined;
}

export type ProcessPlan = Pick<ProcessRun, "models" | "documents" | "options">;

/** A process of Millrace, as one that is no part of it sees it: it plays runs, and may die in one. */
export interface HistoryProcess extends AsyncDisposable {
  readonly isDead: boolean;
  /** Calls of the models' functions in the last run, as `model unit`. */
  readonly calls: readonly string[];
  /** Undefined when the process died. */
  run(run: ProcessRun): Promise<RunResult | undefined>;
  /** Says what a run of all models would do. */
  plan(run: ProcessPlan): Promise<RunPlan>;
  /** Resolves when the server has noticed that a process is gone. */
  isGone(admin: Database): Promise<void>;
}

export type StartProcess = (options: ProcessOptions) => Promise<HistoryProcess>;

/** Why a run that was to be resumed cannot be, and a new one is started instead. */
export const NOT_RESUMABLE: readonly string[] = ["RUN_SUCCEEDED", "RUN_GRAPH_CHANGED"];
