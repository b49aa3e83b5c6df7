import { Worker } from "node:worker_threads";

const BEAT_MS = 200;

/**
 * Watches from a thread of its own whether the event loop still turns. While a function blocks it, neither timers nor
 * signals arrive: the thread then ends the process, when a model is past its time or Ctrl-C comes a second time.
 */
export class Watchdog implements Disposable {
  /** Beats of the loop, and Ctrl-C's that it has heard. */
  readonly #shared = new Int32Array(new SharedArrayBuffer(8));
  readonly #worker: Worker;
  readonly #beat: NodeJS.Timeout;

  constructor() {
    const file = import.meta.url.replace(/watchdog(?=\.[jt]s$)/, "watchdog-thread");
    this.#worker = new Worker(new URL(file), { workerData: this.#shared });
    // A run goes on without it.
    this.#worker.on("error", () => undefined);
    this.#worker.unref();
    this.#beat = setInterval(() => Atomics.add(this.#shared, 0, 1), BEAT_MS).unref();
  }

  modelStarted(model: string, timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage({ model, deadline: Date.now() + timeoutMs });
  }

  modelEnded(model: string): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage({ model });
  }

  interrupted(): void {
    Atomics.add(this.#shared, 1, 1);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beat);
    void this.#worker.terminate();
  }
}
