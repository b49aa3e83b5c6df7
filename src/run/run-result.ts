import type { ErrorCode } from "../core/error-codes.ts";
import { errorToJson } from "../core/errors.ts";
import { addUsage } from "../llm/answers/telemetry.ts";
import type { ModelOutcome } from "./schedule.ts";
import type { ModelRunRecord } from "../state/model-run-store.ts";
import type { ModelStatus, Receipt, RunResult, RunStatus, StopReason, Usage } from "../state/results.ts";
import type { RunSpec } from "../state/run-store.ts";

// Neither is a failure of a model: the run goes on when there is more money, or when the provider is back.
const STOPPED_BY: Readonly<Partial<Record<ErrorCode, StopReason>>> = { LLM_BUDGET: "budget", LLM_OUTAGE: "provider" };

export interface EndedRun {
  readonly spec: RunSpec;
  /** The stored results of its models. */
  readonly records: readonly ModelRunRecord[];
  readonly outcomes: ReadonlyMap<string, ModelOutcome>;
  readonly isCancelled: boolean;
  /** What ended the run before its models had ended. */
  readonly problem: unknown;
  readonly durationMs: number;
  readonly tableOf: (model: string) => string;
}

/** The outcome of a run, from the outcomes of its models. */
export function createResult(run: EndedRun): RunResult {
  const { runId, pipeline, models } = run.spec;
  const records = new Map(run.records.map((record) => [record.model, record]));
  const receipts = Object.fromEntries(models.map(({ name }) => [name, receiptOf(name, records.get(name), run)]));
  const namesOf = (...statuses: readonly ModelStatus[]) =>
    models.map(({ name }) => name).filter((name) => statuses.some((status) => receipts[name]?.status === status));
  const errors = Object.fromEntries(
    Object.entries(receipts).flatMap(([name, { error }]) => (error === undefined ? [] : [[name, error]])),
  );
  const status = statusOf(Object.values(receipts), run);
  const executed = new Set(namesOf("succeeded", "partial"));
  return {
    runId,
    pipeline,
    status,
    ...(status === "stopped" ? { stoppedBy: stopReason(Object.values(receipts)) } : {}),
    models: receipts,
    modelsExecuted: [...run.outcomes.keys()].filter((name) => executed.has(name)),
    modelsSkipped: namesOf("skipped"),
    errors,
    usage: sumUsage(Object.values(receipts)),
    durationMs: run.durationMs,
  };
}

function stopReason(receipts: readonly Receipt[]): StopReason | undefined {
  const reasons = receipts.flatMap(({ error }) => STOPPED_BY[error?.code as ErrorCode] ?? []);
  return reasons[0];
}

function statusOf(receipts: readonly Receipt[], { isCancelled, spec }: EndedRun): RunStatus {
  const has = (status: ModelStatus) => receipts.some((receipt) => receipt.status === status);
  if (isCancelled || has("cancelled")) return "cancelled";
  if (stopReason(receipts) !== undefined) return "stopped";
  return has("failed") ? "failed" : has("partial") || (spec.scope.unreadable ?? 0) > 0 ? "partial" : "succeeded";
}

function receiptOf(name: string, record: ModelRunRecord | undefined, run: EndedRun): Receipt {
  const outcome = run.outcomes.get(name);
  if (outcome !== undefined && "receipt" in outcome) return outcome.receipt;
  const partly: Omit<Receipt, "status"> = {
    tableName: run.tableOf(name),
    rowsWritten: record?.rowsWritten ?? 0,
    rowsDeleted: record?.rowsDeleted ?? 0,
    rowsUnchanged: record?.rowsUnchanged ?? 0,
    unitsDone: record?.unitsDone ?? 0,
    unitsFailed: record?.unitsFailed ?? 0,
    unitsQuarantined: 0,
    executionTimeMs: Math.round(record?.durationMs ?? 0),
    usage: null,
    ...(record?.tests === undefined ? {} : { tests: record.tests }),
  };
  if (run.isCancelled) return { ...partly, status: "cancelled" };
  if (outcome === undefined)
    return run.problem === undefined
      ? { ...partly, status: "cancelled" }
      : { ...partly, status: "failed", error: errorToJson(run.problem) };
  return "error" in outcome ? { ...partly, status: "failed", error: outcome.error } : { ...partly, status: "skipped" };
}

function sumUsage(receipts: readonly Receipt[]): Usage | null {
  const used = receipts.flatMap(({ usage }) => (usage === null ? [] : [usage]));
  return used.length === 0 ? null : used.reduce(addUsage);
}
