import { MillraceError } from "./errors.ts";

/** Settles like `promise`, or rejects with the signal's reason as soon as that fires. */
export function untilAborted<Value>(promise: Value | PromiseLike<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    // Whatever comes of the promise after that is nobody's business; unheard, its rejection would end the process.
    const settled = Promise.resolve(promise).then(resolve, reject);
    void settled.finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Why work ends that may bring to an end what it has paid for: until `now` says that even this has to stop. */
export class GracefulAbort extends MillraceError {
  readonly now: AbortSignal;

  constructor(code: "INTERRUPTED" | "RUN_CANCELLED", message: string, now: AbortSignal) {
    super(code, message);
    this.now = now;
  }
}
