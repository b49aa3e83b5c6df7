import type { ErrorJson } from "../core/errors.ts";
import type { ShownForm } from "../model/define-sql-model.ts";
import type { TestResult } from "../data-tests/test-result.ts";
import type { Receipt, RunResult } from "./results.ts";

/** A model as a display needs it before anything has run. Upstreams come before what reads them. */
export interface ModelSummary {
  readonly name: string;
  readonly description?: string;
  readonly table: string;
  readonly form: ShownForm;
  /** Names of the models of this run that it waits for. */
  readonly upstreams: readonly string[];
}

/** How far a model has come in this run. */
export interface Progress {
  readonly unitsDone: number;
  readonly unitsFailed: number;
  /** Units this run has to process; undefined for a table model. */
  readonly unitsTotal?: number;
  readonly rowsWritten: number;
  /** What the model itself last said through `progress()`. */
  readonly message?: string;
}

type Happening =
  /** The first event of a run, and of every resume. What may still go wrong before a model starts comes after it. */
  | {
      readonly type: "run_started";
      readonly runId: string;
      readonly pipeline: string;
      readonly models: readonly ModelSummary[];
      readonly mode: "delta" | "full";
      readonly isResumed: boolean;
    }
  /** The documents table is what the files and pages are; `failed` could not be read. Only where a model reads documents. */
  | {
      readonly type: "documents_synced";
      readonly added: number;
      readonly changed: number;
      readonly removed: number;
      readonly unchanged: number;
      readonly failed: readonly { readonly path: string; readonly message: string }[];
    }
  /** Tables were created or got columns, by these statements. */
  | { readonly type: "schema_changed"; readonly statements: readonly string[] }
  /** A model begins to work. One that has nothing to do may finish without. */
  | { readonly type: "model_started"; readonly model: string; readonly attempt: number }
  /** Another run writes this model's rows; it starts when that one has finished. */
  | {
      readonly type: "model_waiting";
      readonly model: string;
      readonly holder: { readonly runId: string; readonly executorId: string };
    }
  /** How far a model has come, at most ten times a second for models in units; the last one stands for those before. */
  | { readonly type: "model_progress"; readonly model: string; readonly progress: Progress }
  /** One unit failed; its earlier rows stay, and the model goes on with the others. */
  | {
      readonly type: "unit_failed";
      readonly model: string;
      readonly unit: string;
      /** Path or address of the document that the unit belongs to, if it does. */
      readonly document?: string;
      readonly error: ErrorJson;
    }
  /** An attempt failed as a whole, and another one follows. */
  | { readonly type: "model_retrying"; readonly model: string; readonly attempt: number; readonly error: ErrorJson }
  /** The model's rows are committed; some of its units may have failed, as the receipt says. */
  | { readonly type: "model_finished"; readonly model: string; readonly receipt: Receipt }
  /** The model ends without success, and models that read it are skipped. Of a cancelled run no model says how it ended. */
  | { readonly type: "model_failed"; readonly model: string; readonly error: ErrorJson }
  /** The model does not run: a model that it reads failed, or the run starts nothing new after a failure. */
  | { readonly type: "model_skipped"; readonly model: string; readonly reason: string }
  /** One data test of a build, after the model's rows are committed and before the model finishes. */
  | { readonly type: "test_finished"; readonly model: string; readonly result: TestResult }
  /** What a model said through `log`. */
  | {
      readonly type: "log";
      readonly model: string;
      readonly level: "info" | "warning" | "error";
      readonly message: string;
    }
  /** Something that the run goes on in spite of. */
  | { readonly type: "warning"; readonly message: string }
  /** The last event, with what the promise of the run gives. A run that could not start ends without it. */
  | { readonly type: "run_finished"; readonly result: RunResult };

/** One thing that happened in a run. Displays, JSON lines and the durable stream all consist of these. */
export type RunEvent = Happening & {
  /** ISO 8601, UTC. */
  readonly at: string;
};

export type RunEventInput = Happening;

/** Receives every event of a run, in order; it must not throw and should return at once. */
export type RunEventListener = (event: RunEvent) => void;
