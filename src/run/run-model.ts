import { MillraceError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { ResolvedModel } from "../graph/resolve-model.ts";
import type { ModelContext } from "../model/context.ts";
import { withActivity } from "./activity.ts";
import { programHash } from "./fingerprint.ts";
import { Lease } from "./lease.ts";
import type { ModelJob, Outcome } from "./model-job.ts";
import type { Receipt } from "./results.ts";
import type { RunEventInput } from "./run-events.ts";
import type { RunStore } from "./run-store.ts";
import { runTableModel } from "./table-model.ts";
import { runUnitModel } from "./unit-model.ts";

export interface RunModelOptions {
  readonly database: Database;
  readonly store: RunStore;
  readonly resolved: ResolvedModel;
  readonly config: unknown;
  readonly context: ModelContext;
  readonly executorId: string;
  readonly directory: string;
  /** Wait for another run that holds the model. */
  readonly wait: boolean;
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly emit: (event: RunEventInput) => void;
}

/** One attempt at one model, without any engine around it: lease, work, receipt. */
export async function runModel(options: RunModelOptions): Promise<Receipt> {
  const { database, store, resolved, context, emit } = options;
  const { model, shape } = resolved;
  const started = performance.now();
  const finished = await store.startModel(context.runId, model.name);
  if (finished !== undefined) return finished;
  const timeout = model.timeoutMs === undefined ? undefined : AbortSignal.timeout(model.timeoutMs);
  const signal = timeout === undefined ? options.signal : AbortSignal.any([options.signal, timeout]);
  const lease = await Lease.take({
    database,
    model: model.name,
    runId: context.runId,
    executorId: options.executorId,
    wait: options.wait,
    signal,
    onWaiting: (holder) => emit({ type: "model_waiting", model: model.name, holder }),
  });
  try {
    emit({ type: "model_started", model: model.name, attempt: options.attempt });
    const job: ModelJob = { ...options, signal, lease, programHash: programHash(model, options.config) };
    const work = () => (model.form === "table" ? runTableModel(job) : runUnitModel(job));
    const outcome: Outcome = await withActivity({ model: model.name, emit }, work);
    const receipt: Receipt = { tableName: shape.name, executionTimeMs: Math.round(performance.now() - started), usage: null, ...outcome };
    return await database.transaction(async (client) => {
      await lease.assertHeld(client);
      return store.finishModel(client, context.runId, model.name, receipt);
    });
  } catch (error) {
    if (timeout?.aborted === true && !options.signal.aborted) throw timedOut(model.name, model.timeoutMs ?? 0, error);
    throw error;
  } finally {
    await lease.release();
  }
}

function timedOut(model: string, timeoutMs: number, cause: unknown): MillraceError {
  return new MillraceError("MODEL_TIMEOUT", `Model "${model}" did not finish within ${timeoutMs / 1_000} s.`, {
    cause,
    isRetryable: true,
    hint: "Raise its `timeoutMs`. Units that finished are kept; the next run goes on from there.",
  });
}
