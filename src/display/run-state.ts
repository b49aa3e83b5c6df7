import type { ErrorJson } from "../core/errors.ts";
import type { ModelStatus, Receipt, RunResult } from "../state/results.ts";
import type { ModelSummary, Progress, RunEvent } from "../state/run-events.ts";

export type DisplayStatus = ModelStatus | "pending" | "queued" | "running" | "retrying";

/** What a display knows of one model. */
export interface ModelProgress {
  readonly summary: ModelSummary;
  status: DisplayStatus;
  startedAt: number | undefined;
  progress: Progress | undefined;
  receipt: Receipt | undefined;
  error: ErrorJson | undefined;
  /** Why it waits, is skipped or is tried again. */
  note: string | undefined;
  /** It had succeeded before the run was resumed. */
  isFromBefore: boolean;
  samples: { readonly at: number; readonly units: number }[];
}

type FailedUnit = Pick<Extract<RunEvent, { type: "unit_failed" }>, "unit" | "document">;

/** Units of one model that failed in the same way. */
export interface UnitFailures {
  readonly model: string;
  readonly error: ErrorJson;
  /** The first of them; `count` is how many there are. */
  readonly units: FailedUnit[];
  count: number;
  /** Further units with this code, whose messages are not kept. */
  others: number;
}

const RATE_WINDOW_MS = 20_000;
const UNITS_NAMED = 3;
const MESSAGES_KEPT = 3;
const ENDED = new Set<DisplayStatus>(["succeeded", "partial", "failed", "skipped", "cancelled"]);

/** Folds a run's events into what can be shown at any moment. */
export class RunState {
  runId = "";
  pipeline = "";
  isResumed = false;
  readonly models = new Map<string, ModelProgress>();
  readonly unitFailures: UnitFailures[] = [];
  result: RunResult | undefined;

  apply(event: RunEvent): void {
    const at = Date.parse(event.at);
    switch (event.type) {
      case "run_started":
        this.runId = event.runId;
        this.pipeline = event.pipeline;
        this.isResumed = event.isResumed;
        this.models.clear();
        this.unitFailures.length = 0;
        for (const summary of event.models) this.models.set(summary.name, newModel(summary));
        return;
      case "model_started":
        return this.#update(event.model, {
          status: "running",
          startedAt: at,
          note: undefined,
          progress: undefined,
          samples: [],
        });
      case "model_waiting":
        return this.#update(event.model, { status: "queued", note: `waits for run ${event.holder.runId}` });
      case "model_progress":
        return this.#progress(event.model, event.progress, at);
      case "model_retrying":
        return this.#update(event.model, {
          status: "retrying",
          note: `attempt ${event.attempt} after ${event.error.code}`,
        });
      case "unit_failed":
        return this.#addUnitFailure(event);
      case "model_finished":
        return this.#finish(event.model, event.receipt);
      case "model_failed":
        return this.#update(event.model, { status: "failed", error: event.error });
      case "model_skipped":
        return this.#update(event.model, { status: "skipped", note: event.reason });
      case "run_finished":
        this.result = event.result;
        for (const [name, receipt] of Object.entries(event.result.models)) this.#finish(name, receipt);
    }
  }

  count(status: DisplayStatus): number {
    return [...this.models.values()].filter((model) => model.status === status).length;
  }

  #progress(name: string, progress: Progress, at: number): void {
    const model = this.models.get(name);
    if (model === undefined) return;
    model.progress = progress;
    model.samples.push({ at, units: progress.unitsDone + progress.unitsFailed });
    while (model.samples.length > 2 && (model.samples[0]?.at ?? at) < at - RATE_WINDOW_MS) model.samples.shift();
  }

  #finish(name: string, receipt: Receipt): void {
    const model = this.models.get(name);
    if (model === undefined) return;
    const neverStarted = model.startedAt === undefined && !ENDED.has(model.status);
    if (receipt.status === "succeeded" && this.isResumed && neverStarted) model.isFromBefore = true;
    model.status = receipt.status;
    model.receipt = receipt;
    model.error ??= receipt.error;
  }

  #addUnitFailure({ model, error, unit, document }: Extract<RunEvent, { type: "unit_failed" }>): void {
    const failed = { unit, ...(document === undefined ? {} : { document }) };
    const alike = this.unitFailures.filter((known) => known.model === model && known.error.code === error.code);
    const same = alike.find((known) => known.error.message === error.message);
    const last = alike.at(-1);
    if (same !== undefined) {
      same.count += 1;
      if (same.units.length < UNITS_NAMED) same.units.push(failed);
    } else if (last !== undefined && alike.length >= MESSAGES_KEPT) {
      last.others += 1;
    } else {
      this.unitFailures.push({ model, error, units: [failed], count: 1, others: 0 });
    }
  }

  #update(name: string, change: Partial<ModelProgress>): void {
    const model = this.models.get(name);
    if (model !== undefined) Object.assign(model, change);
  }
}

export function hasEnded(model: ModelProgress): boolean {
  return ENDED.has(model.status);
}

/** Units per second over the last moments; undefined until there is something to measure. */
export function unitRate(model: ModelProgress, now: number): number | undefined {
  const first = model.samples[0];
  const last = model.samples.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const seconds = (Math.max(now, last.at) - first.at) / 1_000;
  const units = last.units - first.units;
  return seconds < 1 || units <= 0 ? undefined : units / seconds;
}

function newModel(summary: ModelSummary): ModelProgress {
  return {
    summary,
    status: "pending",
    startedAt: undefined,
    progress: undefined,
    receipt: undefined,
    error: undefined,
    note: undefined,
    isFromBefore: false,
    samples: [],
  };
}
