import type { DocumentFilters, RunMode } from "../model/context.ts";
import type { RunEventListener } from "../state/run-events.ts";

export interface RunOptions {
  readonly filters?: DocumentFilters;
  /** `delta` processes what changed, `full` everything in scope; delta unless said otherwise. */
  readonly mode?: RunMode;
  /** Parameters for this run: `model.parameter` → text, as with `--set`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Limits the run to so many documents, the same ones every time; what reads no documents, to so many units. */
  readonly sample?: number;
  /** Runs only units that failed: all of them, or those with one of these error codes. */
  readonly retry?: { readonly codes?: readonly string[] };
  /** Most that the run may spend on calls to language models, in US dollars; the config's `llm.maxCostUsd` unless given. */
  readonly maxCostUsd?: number;
  /** Passed to every model as `context.metadata`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Tests each model when it is done; a model whose tests fail has failed. */
  readonly tests?: boolean;
  /** After a failure nothing new starts; the pipeline's own setting unless given. */
  readonly stopOnError?: boolean;
  /** Fail when another run holds a model, instead of waiting for it. */
  readonly noWait?: boolean;
  /** Paths and globs to bring in instead of the configured ones. What is in the database already stays. */
  readonly documents?: readonly string[];
  /** Remove documents even when most of them are gone from the folder. */
  readonly allowDeletes?: boolean;
  readonly onEvent?: RunEventListener;
  /** Cancels the run: finished units are kept. */
  readonly signal?: AbortSignal;
}

/** Options of this process's part in a run, not of the run itself. */
export type ResumeOptions = Pick<RunOptions, "noWait" | "onEvent" | "signal" | "maxCostUsd">;
