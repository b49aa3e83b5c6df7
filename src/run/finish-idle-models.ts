import { quoteName } from "../database/connect.ts";
import type { Graph } from "../graph/build-graph.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";
import { renewFingerprints } from "../state/fingerprint.ts";
import type { Receipt } from "../state/results.ts";
import type { ModelRunStore } from "../state/model-run-store.ts";
import { Parameters, relationSql } from "../database/sql-text.ts";
import { type PlanningJob, planUnits } from "./units/plan-units.ts";
import { IDLE_REASONS, isIdle } from "./units/unit-plan.ts";
import { unitReasonsSql } from "./units/unit-query.ts";
import { MEMORY_TO_COMPARE } from "./units/unit-work.ts";
import { planWhole } from "./whole-model.ts";

/** Comparing more takes longer than starting a model for nothing, and is done twice where there is work. */
const MAX_BYTES = 8 * 1024 * 1024;

interface SettleOptions {
  readonly modelRuns: ModelRunStore;
  readonly runId: string;
  readonly graph: Graph;
}

/**
 * Finishes the models of a run that have nothing to do, all at once. The others wait for their turn, and so does
 * one whose comparison fails: its own attempt reports the error.
 */
export async function finishIdleModels(
  jobs: readonly PlanningJob[],
  { modelRuns, runId, graph }: SettleOptions,
): Promise<ReadonlyMap<string, Receipt>> {
  const names = jobs.map(({ resolved }) => resolved.model.name);
  const [known, small] = await Promise.all([modelRuns.receipts(runId, names), withSmallSources(jobs, graph)]);
  const idle = await Promise.all(
    small.map(async (job) => {
      const model = job.resolved.model.name;
      const started = performance.now();
      const isSettled = !known.has(model) && (await isUpToDate(job).catch(() => false));
      return isSettled ? [{ model, receipt: idleReceipt(job, performance.now() - started) }] : [];
    }),
  );
  const ended = [...known].flatMap(([model, receipt]) => (receipt === null ? [] : [[model, receipt] as const]));
  return new Map([...ended, ...(await modelRuns.finishIdle(runId, idle.flat()))]);
}

async function withSmallSources(jobs: readonly PlanningJob[], graph: Graph): Promise<readonly PlanningJob[]> {
  const [first] = jobs;
  if (first === undefined) return [];
  const { database } = first;
  const read = new Map(jobs.map((job) => [job, tablesRead(job.resolved, graph, database.documents)]));
  const rows = await database.query<{ relation: string; bytes: string }>(
    "select relation, pg_table_size(to_regclass(relation)) as bytes from unnest($1::text[]) as relation",
    [[...new Set([...read.values()].flat())]],
  );
  const sizes = new Map(rows.map(({ relation, bytes }) => [relation, Number(bytes)]));
  return jobs.filter((job) => {
    const bytes = (read.get(job) ?? []).reduce((sum, relation) => sum + (sizes.get(relation) ?? 0), 0);
    return bytes <= MAX_BYTES;
  });
}

/** Tables whose rows a model compares, also those that a view shows it. */
function tablesRead({ sources }: ResolvedModel, graph: Graph, documents: string): readonly string[] {
  return sources.flatMap(({ origin }) => {
    if (origin.type === "documents") return [documents];
    if (origin.type === "table") return [relationSql(origin.table)];
    const view = origin.model.materialized === "view" ? graph.get(origin.model.name) : undefined;
    return view === undefined ? [quoteName(origin.shape.name)] : tablesRead(view, graph, documents);
  });
}

async function isUpToDate(job: PlanningJob): Promise<boolean> {
  const { database, resolved } = job;
  const scope = { system: database.systemSchema, model: resolved.model.name };
  if (resolved.model.forEach === undefined) {
    const { reason, fingerprint } = await planWhole(job);
    if (isIdle(reason)) await database.use((client) => renewFingerprints(client, { ...scope, fingerprint }));
    return isIdle(reason);
  }
  const { plan } = await planUnits(job);
  const parameters = new Parameters();
  const reasons = unitReasonsSql(plan, database.systemSchema, parameters);
  const idle = parameters.add([...IDLE_REASONS]);
  return database.use(async (client) => {
    await client.query(MEMORY_TO_COMPARE);
    const isWork = `select from (${reasons}) as unit where reason <> all(${idle}) limit 1`;
    const { rowCount } = await client
      .query(isWork, [...parameters.values])
      .finally(() => client.query("reset work_mem").catch(() => undefined));
    if (rowCount === 0) await renewFingerprints(client, { ...scope, fingerprint: plan.fingerprint });
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
