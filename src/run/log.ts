import { AsyncLocalStorage } from "node:async_hooks";
import type { RunEventInput } from "../state/run-events.ts";

/** The model that the current code runs for, and where its events go. */
interface Activity {
  readonly model: string;
  readonly emit: (event: RunEventInput) => void;
}

// One store per process, even where two copies of this module are loaded (sources and build, in tests).
const KEY = Symbol.for("millrace.activity");
const holder = globalThis as { [KEY]?: AsyncLocalStorage<Activity> };
const storage = (holder[KEY] ??= new AsyncLocalStorage<Activity>());

export function withActivity<Result>(activity: Activity, work: () => Promise<Result>): Promise<Result> {
  return storage.run(activity, work);
}

/** Writes to the run's log from anywhere below a model's `run`; elsewhere it writes to the console. */
export const log = {
  info: (message: string) => writeLog("info", message),
  warning: (message: string) => writeLog("warning", message),
  error: (message: string) => writeLog("error", message),
};

function writeLog(level: "info" | "warning" | "error", message: string): void {
  const activity = storage.getStore();
  if (activity === undefined) console.error(message);
  else activity.emit({ type: "log", model: activity.model, level, message });
}

/** Says how far a table model has come; unit models are counted without it. */
export function progress(done: number, total?: number, message?: string): void {
  const activity = storage.getStore();
  activity?.emit({
    type: "model_progress",
    model: activity.model,
    progress: {
      unitsDone: done,
      unitsFailed: 0,
      rowsWritten: 0,
      ...(total === undefined ? {} : { unitsTotal: total }),
      ...(message === undefined ? {} : { message }),
    },
  });
}
