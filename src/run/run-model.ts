import { MillraceError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import type { CodeFingerprint } from "../model/code/code-fingerprint.ts";
import type { ModelContext } from "../model/context.ts";
import { withActivity } from "./units/activity.ts";
import { AskedSignatures } from "../state/asked-signatures.ts";
import { Lease } from "../state/lease.ts";
import type { ModelJob } from "./units/model-job.ts";
import type { Receipt } from "../state/results.ts";
import type { RunEventInput } from "../state/run-events.ts";
import type { RunScope } from "../state/run-scope.ts";
import type { ModelRunStore } from "../state/model-run-store.ts";
import { runSqlUnitModel } from "./sql/sql-unit-model.ts";
import { runUnitModel } from "./units/unit-model.ts";
import { runWholeModel } from "./whole-model.ts";

export interface RunModelOptions {
  readonly database: Database;
  readonly modelRuns: ModelRunStore;
  readonly resolved: ResolvedModel;
  readonly config: unknown;
  readonly code: CodeFingerprint;
  readonly llm: LlmSource;
  readonly scope: RunScope;
  readonly context: ModelContext;
  readonly executorId: string;
  readonly directory: string;
  readonly knownTables: ReadonlySet<string>;
  /** Wait for another run that holds the model. */
  readonly wait: boolean;
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly emit: (event: RunEventInput) => void;
}

/** One attempt at one model, without any engine around it: lease, work, receipt. */
export async function runModel(options: RunModelOptions): Promise<Receipt> {
  const { database, modelRuns, resolved, context, emit } = options;
  const { model, shape } = resolved;
  const started = performance.now();
  const lease = await Lease.take({
    database,
    model: model.name,
    runId: context.runId,
    executorId: options.executorId,
    wait: options.wait,
    signal: options.signal,
    onWaiting: (holder) => emit({ type: "model_waiting", model: model.name, holder }),
  });
  // Its timeout starts when its turn comes.
  const timeout = model.timeoutMs === undefined ? undefined : AbortSignal.timeout(model.timeoutMs);
  const signal = timeout === undefined ? options.signal : AbortSignal.any([options.signal, timeout]);
  let isFinished = false;
  try {
    if (lease.receipt !== undefined) return lease.receipt;
    emit({ type: "model_started", model: model.name, attempt: options.attempt });
    const job: ModelJob = {
      ...options,
      asked: new AskedSignatures(),
      signal,
      lease,
      async finish(client, outcome, rows, recordWholeSql) {
        const executionTimeMs = Math.round(performance.now() - started);
        const receipt = {
          tableName: shape.name,
          executionTimeMs,
          usage: null,
          unitsDone: 0,
          unitsFailed: 0,
          unitsQuarantined: 0,
          ...rows,
          ...outcome,
        };
        return modelRuns.finish(client, { runId: context.runId, lease, outcome: receipt, rows, recordWholeSql });
      },
    };
    const runUnits = model.form === "sql" ? runSqlUnitModel : runUnitModel;
    const runKind = model.forEach === undefined ? runWholeModel : runUnits;
    const work = () => runKind(job);
    const receipt = await withActivity({ model: model.name, emit }, work);
    isFinished = true;
    return receipt;
  } catch (error) {
    if (timeout?.aborted === true && !options.signal.aborted) throw timedOut(model.name, model.timeoutMs ?? 0, error);
    throw error;
  } finally {
    if (!isFinished) await lease.release();
  }
}

function timedOut(model: string, timeoutMs: number, cause: unknown): MillraceError {
  return new MillraceError("MODEL_TIMEOUT", `Model "${model}" did not finish within ${timeoutMs / 1_000} s.`, {
    cause,
    isRetryable: true,
    hint: "Raise its `timeoutMs`. Finished units are kept; the next run continues from there.",
  });
}
