import type { DatabaseClient } from "../../database/connect.ts";
import { applyUnits, findConflicts } from "../../table/write/unit-batch.ts";
import { DuplicateKeyError } from "../../table/write/duplicate-key-error.ts";
import type { RowCounts } from "../../table/write/apply-stage.ts";
import { hasWrittenKey } from "../../table/write/stage-conflicts.ts";
import { createUnitStage, prepareLargeStage, type Stage, UNIT_COLUMN } from "../../table/write/stage.ts";
import type { ColumnShape } from "../../table/table-shape.ts";
import { forgetRelation, type UnitStateKey, recordRelationDone } from "../../state/unit-state.ts";
import { type ModelJob, NO_ROWS } from "../units/model-job.ts";
import { saveFingerprint } from "../../state/fingerprint.ts";
import type { Receipt } from "../../state/results.ts";
import { planUnits } from "../units/plan-units.ts";
import { sourceKeySql } from "../../sources/unit-key.ts";
import type { UnitPlan } from "../units/unit-plan.ts";
import { type FoundWork, findWork, WORK } from "../units/unit-work.ts";
import { checkGiven, fillStage, replaceView } from "./query-table.ts";
import { foreignUnit, joinUnitSql, ownKeys } from "./row-units.ts";
import { inQueryTransaction } from "./sql-model.ts";
import { type RenderedQuery, renderSqlModel } from "../query/render-query.ts";
import { copyUnitRows, keepUnitsWithRows, unitDigestsSql } from "./unit-rows.ts";

/**
 * Updates a SQL model that works in units: one query for all units that are new or changed, and one
 * transaction for their rows, the ledger and the receipt. An error of the query fails the model; no unit fails
 * by itself.
 */
export async function runSqlUnitModel(job: ModelJob): Promise<Receipt> {
  const { database, resolved } = job;
  const { plan } = await planUnits(job);
  const query = renderSqlModel(resolved, database);
  return inQueryTransaction(job, async (client) => {
    const found = await findWork(client, plan, database.systemSchema);
    const rows = found.total + found.gone === 0 ? NO_ROWS : await rewriteUnits(client, job, { plan, query, found });
    await client.query(`drop table if exists ${WORK}`);
    return job.finish(client, { status: "succeeded" }, rows);
  });
}

interface Rewrite {
  readonly plan: UnitPlan;
  readonly query: RenderedQuery;
  readonly found: FoundWork;
}

async function rewriteUnits(client: DatabaseClient, job: ModelJob, rewrite: Rewrite): Promise<RowCounts> {
  const { database, resolved, context } = job;
  const { model, shape } = resolved;
  const { plan, found } = rewrite;
  const scope = {
    system: database.systemSchema,
    model: model.name,
    runId: context.runId,
    fingerprintHash: plan.fingerprint.hash,
  };
  const started = performance.now();
  await client.query(`create index on ${WORK} (source_key)`);
  await replaceView(client, job);
  const stage = await createUnitStage(client, shape);
  const units = found.total === 0 ? 0 : await stageUnits(client, job, { ...rewrite, stage });
  const batch = { shape, strategy: model.writeStrategy, modelName: model.name, runId: context.runId };
  const unitKeys = { relation: WORK };
  // This includes units that are gone: nothing is staged for them, so their rows are deleted.
  const conflicts = await findConflicts(client, { ...batch, unitKeys });
  if (conflicts.length > 0) throw new DuplicateKeyError(shape.name, conflicts);
  const counts = await applyUnits(client, { ...batch, unitKeys, isChecked: true });
  const durationMs = (performance.now() - started) / Math.max(1, units);
  await recordUnits(client, job, { plan, scope, units, durationMs });
  return counts;
}

/** Runs the query on the rows of the units; returns the number of units. */
async function stageUnits(
  client: DatabaseClient,
  job: ModelJob,
  { plan, query, found, stage }: Rewrite & { readonly stage: Stage },
): Promise<number> {
  const { shape, model } = job.resolved;
  reportProgress(job, { unitsTotal: found.total, unitsDone: 0 });
  await copyUnitRows(client, plan);
  const units = await keepUnitsWithRows(client);
  const given = await checkGiven(client, job, query);
  const keys = ownKeys(job.resolved, plan);
  const more = { name: UNIT_COLUMN, value: "unit.source_key", join: joinUnitSql(keys, plan) };
  const staged = await fillStage(client, job, { query, stage, given, more });
  await refuseForeignRows(client, model.name, { plan, stage, keys });
  if (staged > LARGE_ROWS)
    await prepareLargeStage(client, stage, [UNIT_COLUMN, ...(hasWrittenKey(shape) ? shape.primaryKey : [])]);
  return units;
}

const LARGE_ROWS = 1_000;

async function refuseForeignRows(
  client: DatabaseClient,
  model: string,
  { plan, stage, keys }: { readonly plan: UnitPlan; readonly stage: Stage; readonly keys: readonly ColumnShape[] },
): Promise<void> {
  const { rows } = await client.query<{ unit: string }>(
    `select ${sourceKeySql(keys, "s")} as unit from ${stage.name} s where ${stage.unit} is null limit 1`,
  );
  if (rows[0] !== undefined) throw foreignUnit(model, { plan, keys, unit: rows[0].unit });
}

async function recordUnits(
  client: DatabaseClient,
  job: ModelJob,
  { plan, scope, units, durationMs }: { plan: UnitPlan; scope: UnitStateKey; units: number; durationMs: number },
): Promise<void> {
  await forgetRelation(client, scope, `(select source_key from ${WORK} where reason = 'deleted')`);
  if (units === 0) return;
  await saveFingerprint(client, { ...scope, fingerprint: plan.fingerprint });
  const relation = `(select w.source_key, w.document_id, d.input_hash, w.side_hash
    from ${WORK} w join ${unitDigestsSql(plan)} d on d.millrace_unit = w.source_key)`;
  await recordRelationDone(client, scope, { relation, durationMs });
  await job.modelRuns.addCounts(client, scope, { ...NO_ROWS, unitsTotal: units, unitsDone: units, unitsFailed: 0 });
  reportProgress(job, { unitsTotal: units, unitsDone: units });
}

function reportProgress(job: ModelJob, units: { readonly unitsTotal: number; readonly unitsDone: number }): void {
  const progress = { ...units, unitsFailed: 0, rowsWritten: 0 };
  job.emit({ type: "model_progress", model: job.resolved.model.name, progress });
}
