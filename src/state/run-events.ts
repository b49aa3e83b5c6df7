import type { ErrorJson } from "../core/errors.ts";
import type { ShownForm } from "../model/define-sql-model.ts";
import type { TestResult } from "../data-tests/test-result.ts";
import type { Receipt, RunResult } from "./results.ts";

/** A model as a display needs it before anything has run. */
export interface ModelSummary {
  readonly name: string;
  readonly description?: string;
  readonly table: string;
  readonly form: ShownForm;
  /** Names of the models of this run that it waits for. */
  readonly upstreams: readonly string[];
}

export interface Progress {
  readonly unitsDone: number;
  readonly unitsFailed: number;
  /** Units this run has to process; undefined for a table model. */
  readonly unitsTotal?: number;
  readonly rowsWritten: number;
  /** What the model itself said through `progress()`. */
  readonly message?: string;
}

type Happening =
  | {
      readonly type: "run_started";
      readonly runId: string;
      readonly pipeline: string;
      readonly models: readonly ModelSummary[];
      readonly mode: "delta" | "full";
      readonly isResumed: boolean;
    }
  | {
      readonly type: "documents_synced";
      readonly added: number;
      readonly changed: number;
      readonly removed: number;
      readonly unchanged: number;
      readonly failed: readonly { readonly path: string; readonly message: string }[];
    }
  | { readonly type: "schema_changed"; readonly statements: readonly string[] }
  | { readonly type: "model_started"; readonly model: string; readonly attempt: number }
  | {
      readonly type: "model_waiting";
      readonly model: string;
      readonly holder: { readonly runId: string; readonly executorId: string };
    }
  | { readonly type: "model_progress"; readonly model: string; readonly progress: Progress }
  | {
      readonly type: "unit_failed";
      readonly model: string;
      readonly unit: string;
      /** Path or address of the document that the unit belongs to, if it does. */
      readonly document?: string;
      readonly error: ErrorJson;
    }
  | { readonly type: "model_retrying"; readonly model: string; readonly attempt: number; readonly error: ErrorJson }
  | { readonly type: "model_finished"; readonly model: string; readonly receipt: Receipt }
  | { readonly type: "model_failed"; readonly model: string; readonly error: ErrorJson }
  | { readonly type: "model_skipped"; readonly model: string; readonly reason: string }
  | { readonly type: "test_finished"; readonly model: string; readonly result: TestResult }
  | {
      readonly type: "log";
      readonly model: string;
      readonly level: "info" | "warning" | "error";
      readonly message: string;
    }
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "run_finished"; readonly result: RunResult };

/** One thing that happened in a run. Displays, JSON lines and the durable stream all consist of these. */
export type RunEvent = Happening & {
  /** ISO 8601, UTC. */
  readonly at: string;
};

export type RunEventInput = Happening;

/** Receives every event of a run, in order; it must not throw and should return at once. */
export type RunEventListener = (event: RunEvent) => void;
