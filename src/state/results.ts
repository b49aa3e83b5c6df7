import type { ErrorJson } from "../core/errors.ts";
import type { TestCounts } from "../data-tests/test-result.ts";
import type { UsageTotals } from "../llm/answers/telemetry.ts";

export type ModelStatus = "succeeded" | "partial" | "failed" | "skipped" | "cancelled";
export type RunStatus = "running" | "interrupted" | "succeeded" | "partial" | "failed" | "cancelled" | "stopped";

/** What stopped a run that may go on as it is. */
export type StopReason = "budget" | "provider";

/** What calls of language models took, and were billed. */
export type Usage = UsageTotals;

/** The outcome of one model in one run: counts, never rows. */
export interface Receipt {
  readonly status: ModelStatus;
  readonly tableName: string;
  /** Rows inserted or changed; rows that were already equal are in `rowsUnchanged`. */
  readonly rowsWritten: number;
  readonly rowsDeleted: number;
  readonly rowsUnchanged: number;
  readonly unitsDone: number;
  readonly unitsFailed: number;
  /** Units that are quarantined, whenever that was: no run takes them until something about them changes. */
  readonly unitsQuarantined: number;
  /** Groups that wait for members that failed above; left out where none does. */
  readonly unitsWaiting?: number | undefined;
  readonly executionTimeMs: number;
  readonly usage: Usage | null;
  readonly error?: ErrorJson;
  /** The numbers that a table model returned. */
  readonly counts?: Readonly<Record<string, number>>;
  /** How many of its data tests ended how; there in a build only. */
  readonly tests?: TestCounts;
}

export interface RunResult {
  readonly runId: string;
  readonly pipeline: string;
  readonly status: RunStatus;
  /** There when the status is `stopped`. */
  readonly stoppedBy?: StopReason | undefined;
  readonly models: Readonly<Record<string, Receipt>>;
  /** Names of the models that ran, in the order they finished. */
  readonly modelsExecuted: readonly string[];
  readonly modelsSkipped: readonly string[];
  readonly errors: Readonly<Record<string, ErrorJson>>;
  readonly usage: Usage | null;
  readonly durationMs: number;
}
