import { LlmError } from "./llm-error.ts";

type Callback = () => void;

const callbacksOf = new WeakMap<AbortSignal, Set<Callback>>();

/**
 * Calls back when the signal fires, at once if it has already. Hundreds of calls wait on one signal; they share one
 * listener, so that Node sees no leak. Returns what ends the waiting.
 */
export function onAbort(signal: AbortSignal, callback: Callback): () => void {
  if (signal.aborted) {
    callback();
    return () => undefined;
  }
  const callbacks = callbacksOf.get(signal) ?? listen(signal);
  // One function may wait twice; a set would keep it once.
  const own = () => callback();
  callbacks.add(own);
  return () => {
    callbacks.delete(own);
  };
}

/** Waits, or rejects with an `LlmError` of kind `aborted` when the signal fires first. */
export function sleep(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stopListening();
      resolve();
    }, waitMs);
    const stopListening = onAbort(signal, () => {
      clearTimeout(timer);
      reject(abortedError(signal));
    });
  });
}

/** Settles like `promise`, or rejects with an `LlmError` of kind `aborted` when the signal fires first. */
export function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(abortedError(signal)));
    promise.then(resolve, reject).finally(stopListening);
  });
}

export const abortedError = (signal: AbortSignal) =>
  new LlmError("aborted", "The call to the model was aborted.", { cause: signal.reason });

function listen(signal: AbortSignal): Set<Callback> {
  const callbacks = new Set<Callback>();
  callbacksOf.set(signal, callbacks);
  const callAll = () => {
    for (const callback of callbacks) callback();
    callbacks.clear();
  };
  signal.addEventListener("abort", callAll, { once: true });
  return callbacks;
}
