import { type ErrorJson, UsageError } from "../core/errors.ts";
import { readEvents } from "../state/event-log.ts";
import type { ModelRunRecord } from "../state/model-run-store.ts";
import type { TestResult } from "../data-tests/test-result.ts";
import type { RunResult } from "../state/results.ts";
import type { RunEvent } from "../state/run-events.ts";
import type { ResumeOptions } from "../run/run-options.ts";
import { runNotFound, type RunRecord } from "../state/run-store.ts";
import { loadResults } from "../state/test-store.ts";
import type { Workspace } from "./workspace.ts";

export type ShownRun = RunRecord & {
  readonly models: number;
  readonly modelRuns: readonly ModelRunRecord[];
  readonly result: RunResult | undefined;
  /** Its data tests with their failing rows; none unless it was a build. */
  readonly tests: readonly TestResult[];
};

/** The runs of a project's database. An id may be cut short as long as it is clear, and `last` is the latest. */
export class ProjectRuns {
  readonly #project: Workspace;

  constructor(project: Workspace) {
    this.#project = project;
  }

  async list(options: { readonly limit?: number } = {}): Promise<readonly RunRecord[]> {
    return (await this.#runner()).store.list(options);
  }

  async show(id: string): Promise<ShownRun> {
    const { store, modelRuns } = await this.#runner();
    const runId = await this.resolveId(id);
    const [record] = await store.list({ runId });
    if (record === undefined) throw runNotFound(runId);
    const tests = await loadResults(await this.#project.openDatabase(), runId);
    return { ...record, modelRuns: await modelRuns.list(runId), result: await store.loadResult(runId), tests };
  }

  /** What happened in a run, from its beginning; with `follow` until it ends. */
  async *events(
    id: string,
    options: { readonly follow?: boolean; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<RunEvent> {
    const { store } = await this.#runner();
    const runId = await this.resolveId(id);
    const isOver = async () => (await store.loadSpec(runId))?.status !== "running";
    yield* readEvents({ database: await this.#project.openDatabase(), runId, isOver, ...options });
  }

  /** Why a model failed as a whole, if that is how it ended last. */
  async failureOf(model: string): Promise<{ readonly runId: string; readonly error: ErrorJson } | undefined> {
    const latest = await (await this.#runner()).store.latestReceipt(this.#project.registry.get(model).name);
    const error = latest?.receipt.error;
    return latest === undefined || error === undefined ? undefined : { runId: latest.runId, error };
  }

  async cancel(id: string): Promise<void> {
    await (await this.#runner()).cancel(await this.resolveId(id));
  }

  async resume(id: string, options: ResumeOptions = {}): Promise<RunResult> {
    return (await this.#runner()).resume(await this.resolveId(id), options);
  }

  async resolveId(id: string): Promise<string> {
    // Every id begins with nothing.
    if (id.trim() === "") {
      throw new UsageError("ARGUMENT_EMPTY", "The id of the run is empty.", {
        hint: "`millrace runs ls` shows the runs; `last` is the latest.",
      });
    }
    const { store } = await this.#runner();
    const found = id === "last" ? (await store.list({ limit: 1 })).map((run) => run.runId) : await store.findIds(id);
    const [only] = found;
    if (only !== undefined && (found.length === 1 || found.includes(id))) return found.includes(id) ? id : only;
    if (only === undefined)
      throw id === "last"
        ? new UsageError("RUN_NOT_FOUND", "There are no runs yet.", { hint: "Start one with `millrace run`." })
        : runNotFound(id);
    throw new UsageError("RUN_AMBIGUOUS", `Several runs begin with "${id}": ${found.join(", ")}.`, {
      hint: "Give a few more characters.",
    });
  }

  async #runner() {
    return (await this.#project.session()).runner;
  }
}
