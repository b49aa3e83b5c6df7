import { errorToJson } from "../../src/core/errors.ts";
import type { Engine, EngineHost, LaunchEngine } from "../../src/run/engine.ts";
import { mayBeIdle, mayStart, type ModelOutcome, reasonToSkip, type Schedule } from "../../src/run/schedule.ts";

export interface InlineEngineOptions {
  /** Models at work at the same time. */
  readonly width: number;
  /** A dead process schedules nothing more and stores no end. */
  readonly isDead: () => boolean;
}

/** An engine without a memory: it schedules runs in this process, by the same rules as the real one, and waits for nothing. */
export function inlineEngine(options: InlineEngineOptions): LaunchEngine {
  return async ({ host }) => new InlineEngine(host, options);
}

class InlineEngine implements Engine {
  readonly #host: EngineHost;
  readonly #options: InlineEngineOptions;
  readonly #aborts = new Map<string, AbortController>();

  constructor(host: EngineHost, options: InlineEngineOptions) {
    this.#host = host;
    this.#options = options;
  }

  async run(runId: string, { models, mode, stopOnError }: Schedule): Promise<void> {
    const { width, isDead } = this.#options;
    const abort = new AbortController();
    this.#aborts.set(runId, abort);
    const outcomes = new Map<string, ModelOutcome>();
    const running = new Map<string, Promise<ModelOutcome>>();
    const settle = (outcome: ModelOutcome) => {
      outcomes.set(outcome.model, outcome);
      this.#host.onOutcome(runId, outcome);
    };
    const asked = new Set<string>();
    for (;;) {
      const idle: string[] = [];
      for (const model of isDead() ? [] : models) {
        const { name, upstreams } = model;
        if (outcomes.has(name) || running.has(name)) continue;
        const reason = reasonToSkip(upstreams, outcomes, stopOnError);
        if (reason !== undefined) settle({ model: name, skipped: reason });
        else if (!mayStart(model, outcomes)) continue;
        else if (mode === "delta" && !asked.has(name) && mayBeIdle(model, models, outcomes)) idle.push(name);
        else if (running.size < width) running.set(name, this.#runModel(runId, name, abort.signal));
      }
      if (idle.length > 0) {
        idle.forEach((name) => asked.add(name));
        (await this.#host.settle(runId, idle)).forEach(settle);
        continue;
      }
      if (running.size === 0) break;
      const next = await Promise.race(running.values());
      running.delete(next.model);
      if (!isDead()) settle(next);
    }
    if (isDead()) throw new Error("the process has died");
    this.#aborts.delete(runId);
    await this.#host.finishRun(runId);
  }

  async #runModel(runId: string, model: string, signal: AbortSignal): Promise<ModelOutcome> {
    const { maxAttempts } = this.#host.retryOf(runId, model);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return { model, receipt: await this.#host.runModel(runId, model, { attempt, signal }) };
      } catch (error) {
        const isLast = this.#options.isDead() || attempt >= maxAttempts;
        if (isLast || !this.#host.shouldRetry(runId, model, error)) return { model, error: errorToJson(error) };
      }
    }
  }

  async cancel(runId: string): Promise<void> {
    this.#aborts.get(runId)?.abort(new Error("The run was cancelled."));
  }

  async forget(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
