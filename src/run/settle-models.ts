import { Parameters } from "./conditions.ts";
import { type PlanningJob, planUnits } from "./plan-units.ts";
import type { Receipt } from "./results.ts";
import type { RunStore } from "./run-store.ts";
import { IDLE_REASONS, isIdle, unitReasonsSql } from "./unit-query.ts";
import { MEMORY_TO_COMPARE } from "./unit-work.ts";
import { planWhole } from "./whole-model.ts";

/**
 * Finishes the models of a run that have nothing to do, all at once. The others are left to their own turn, and so is
 * one about which the question fails: there its error is told.
 */
export async function settleModels(
  jobs: readonly PlanningJob[],
  { store, runId }: { readonly store: RunStore; readonly runId: string },
): Promise<ReadonlyMap<string, Receipt>> {
  const names = jobs.map(({ resolved }) => resolved.model.name);
  const known = await store.receipts(runId, names);
  const idle = await Promise.all(
    jobs.map(async (job) => {
      const model = job.resolved.model.name;
      const started = performance.now();
      const isSettled = !known.has(model) && (await isAtRest(job).catch(() => false));
      return isSettled ? [{ model, receipt: idleReceipt(job, performance.now() - started) }] : [];
    }),
  );
  const ended = [...known].flatMap(([model, receipt]) => (receipt === null ? [] : [[model, receipt] as const]));
  return new Map([...ended, ...(await store.finishIdle(runId, idle.flat()))]);
}

async function isAtRest(job: PlanningJob): Promise<boolean> {
  if (job.resolved.model.forEach === undefined) return isIdle((await planWhole(job)).reason);
  const { plan } = await planUnits(job);
  const { database } = job;
  const parameters = new Parameters();
  const reasons = unitReasonsSql(plan, database.systemSchema, parameters);
  const idle = parameters.add([...IDLE_REASONS]);
  return database.use(async (client) => {
    await client.query(MEMORY_TO_COMPARE);
    const { rowCount } = await client.query(`select from (${reasons}) as unit where reason <> all(${idle}) limit 1`, [
      ...parameters.values,
    ]);
    await client.query("reset work_mem");
    return rowCount === 0;
  });
}

function idleReceipt({ resolved }: PlanningJob, durationMs: number): Receipt {
  return {
    status: "succeeded",
    tableName: resolved.shape.name,
    rowsWritten: 0,
    rowsDeleted: 0,
    rowsUnchanged: 0,
    unitsDone: 0,
    unitsFailed: 0,
    unitsQuarantined: 0,
    executionTimeMs: Math.round(durationMs),
    usage: null,
  };
}
