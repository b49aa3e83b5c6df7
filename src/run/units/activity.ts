import { AsyncLocalStorage } from "node:async_hooks";
import type { RunEventInput } from "../../state/run-events.ts";

/** The model that the current code runs for, and where its events go. */
interface Activity {
  readonly model: string;
  readonly unit?: string;
  readonly emit: (event: RunEventInput) => void;
}

// One store per process, even where two copies of this module are loaded (sources and build, in tests).
const KEY = Symbol.for("millrace.activity");
const holder = globalThis as { [KEY]?: AsyncLocalStorage<Activity> };
const storage = (holder[KEY] ??= new AsyncLocalStorage<Activity>());

export function withActivity<Result>(activity: Activity, work: () => Promise<Result>): Promise<Result> {
  return storage.run(activity, work);
}

/** Adds the unit that the current code runs for. */
export function withUnit<Result>(unit: string, work: () => Result): Result {
  const activity = storage.getStore();
  return activity === undefined ? work() : storage.run({ ...activity, unit }, work);
}

/** The model and the unit that the current code runs for; undefined outside of models. */
export function currentActivity(): Activity | undefined {
  return storage.getStore();
}
