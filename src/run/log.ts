import { currentActivity } from "./units/activity.ts";
/** Writes to the run's log from anywhere below a model's `run`; elsewhere it writes to the console. */
export const log = {
  info: (message: string) => writeLog("info", message),
  warning: (message: string) => writeLog("warning", message),
  error: (message: string) => writeLog("error", message),
};

function writeLog(level: "info" | "warning" | "error", message: string): void {
  const activity = currentActivity();
  if (activity === undefined) console.error(message);
  else activity.emit({ type: "log", model: activity.model, level, message });
}

/** Reports how far a table model has come; unit models are counted without it. */
export function progress(done: number, total?: number, message?: string): void {
  const activity = currentActivity();
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
