import { MillraceError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { ActiveRun } from "./active-run.ts";
import type { Engine, LaunchEngine } from "./engine.ts";

export interface ActiveRunsOptions {
  readonly database: Database;
  readonly executorId: string;
  /** DBOS unless given; it is too slow for a test of many runs. */
  readonly launch?: LaunchEngine | undefined;
}

/** The runs of this process, and the engine that schedules them. */
export class ActiveRuns implements AsyncDisposable {
  readonly #options: ActiveRunsOptions;
  readonly #active = new Map<string, ActiveRun>();
  #engine: Promise<Engine> | undefined;

  constructor(options: ActiveRunsOptions) {
    this.#options = options;
  }

  /** Launched on first use; after a failure, the next use tries again. */
  async engine(): Promise<Engine> {
    this.#engine ??= this.#launch();
    try {
      return await this.#engine;
    } catch (error) {
      this.#engine = undefined;
      throw error;
    }
  }

  /** Answers the engine for a run while `work` goes on. */
  async while<Result>(run: ActiveRun, work: () => Promise<Result>): Promise<Result> {
    const { runId } = run.spec;
    this.#active.set(runId, run);
    try {
      return await work();
    } finally {
      this.#active.delete(runId);
    }
  }

  /** Cancels a run, also one of another process. */
  async cancel(runId: string): Promise<void> {
    await (await this.engine()).cancel(runId);
    this.#active.get(runId)?.cancel();
  }

  /** Cancels a run of this process, at once. */
  stop(runId: string, reason?: unknown): void {
    this.#active.get(runId)?.cancel(reason);
    // The run itself knows already; the engine informs other processes that take part in it.
    void this.#engine?.then((engine) => engine.cancel(runId)).catch(() => undefined);
  }

  stopAll(): void {
    for (const runId of this.#active.keys()) this.stop(runId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#engine?.catch(() => undefined))?.[Symbol.asyncDispose]();
    this.#engine = undefined;
  }

  #launch(): Promise<Engine> {
    const active = (runId: string): ActiveRun => {
      const run = this.#active.get(runId);
      if (run === undefined) throw new MillraceError("RUN_NOT_HERE", `Run ${runId} is not active in this process.`);
      return run;
    };
    const { database, executorId, launch = launchDbos } = this.#options;
    return launch({
      database,
      executorId,
      host: {
        runModel: (runId, model, step) => active(runId).runModel(model, step),
        settle: (runId, models) => active(runId).settle(models),
        retryOf: (runId, model) => active(runId).retryOf(model),
        shouldRetry: (runId, model, error) => active(runId).shouldRetry(model, error),
        finishRun: async (runId) => (await active(runId).finish()).status,
        onOutcome: (runId, outcome) => active(runId).onOutcome(outcome),
      },
    });
  }
}

// Loaded only when something runs, so that read-only commands start fast.
const launchDbos: LaunchEngine = async (options) => (await import("./dbos-engine.ts")).DbosEngine.launch(options);
