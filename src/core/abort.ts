import { MillraceError } from "./errors.ts";

/** Settles like `promise`, or rejects with the signal's reason as soon as that fires. */
export function untilAborted<Value>(promise: Value | PromiseLike<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    // The promise no longer matters after that, but an unhandled rejection would end the process.
    const settled = Promise.resolve(promise).then(resolve, reject);
    void settled.finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Stops a run gracefully: work already paid for may finish, until `now` aborts that too. */
export class GracefulAbort extends MillraceError {
  readonly now: AbortSignal;

  constructor(code: "INTERRUPTED" | "RUN_CANCELLED", message: string, now: AbortSignal) {
    super(code, message);
    this.now = now;
  }
}
