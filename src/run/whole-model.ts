import { allInOrder } from "../core/all-in-order.ts";
import { type Database, quoteName } from "../database/connect.ts";
import type { CodeFingerprint } from "../model/code/code-fingerprint.ts";
import { digestSeed } from "../seeds/read-seed.ts";
import { bindSource } from "../sources/bind-source.ts";
import { type ModelJob, NO_ROWS } from "./units/model-job.ts";
import { loadStoredModel } from "../state/stored-model.ts";
import { recordWholeSql, type WholeUnit } from "../state/unit-state.ts";
import {
  createFingerprint,
  describeParts,
  type Fingerprint,
  renewFingerprints,
  saveFingerprintSql,
} from "../state/fingerprint.ts";
import type { Receipt } from "../state/results.ts";
import type { Parameters } from "../database/sql-text.ts";
import { queryFingerprint } from "./query/query-fingerprint.ts";
import { runSqlModel } from "./sql/sql-model.ts";
import { runTableModel } from "./table-model.ts";
import type { PlanningJob } from "./units/plan-units.ts";
import { isIdle, type UnitReason } from "./units/unit-plan.ts";

/** Updates a model that writes its table as one unit: all of it, or nothing when nothing has changed. */
export async function runWholeModel(job: ModelJob): Promise<Receipt> {
  const { database, resolved } = job;
  const { fingerprint, reason } = await planWhole(job);
  if (isIdle(reason)) {
    return database.use(async (client) => {
      await renewFingerprints(client, { system: database.systemSchema, model: resolved.model.name, fingerprint });
      return job.finish(client, { status: "succeeded" }, NO_ROWS);
    });
  }
  const started = performance.now();
  const finish: ModelJob["finish"] = async (client, outcome, rows) => {
    const durationMs = performance.now() - started;
    const [system, model, runId] = [database.systemSchema, resolved.model.name, job.context.runId];
    const scope = { system, model, runId, fingerprintHash: fingerprint.hash };
    const recordSql = (parameters: Parameters) =>
      `${saveFingerprintSql({ system, model, fingerprint }, parameters)}, ${recordWholeSql(scope, durationMs, parameters)}`;
    const receipt = await job.finish(client, outcome, rows, recordSql);
    await job.asked.record(client, scope);
    return receipt;
  };
  const run = resolved.model.form === "sql" ? runSqlModel : runTableModel;
  return run({ ...job, finish });
}

export interface WholePlan {
  readonly fingerprint: Fingerprint;
  readonly reason: UnitReason;
  /** Parameters or sources that differ. */
  readonly what: readonly string[];
  /** Hash of the fingerprint of what is stored. */
  readonly made: string | undefined;
}

/** The function of a seed only reads its file. */
const SEED_CODE: CodeFingerprint = { code: "seed", source: "seed", asksLlm: false };

/** Says why a model that writes its whole table will run, or why not. Its sources are a part of its fingerprint. */
export async function planWhole(job: PlanningJob): Promise<WholePlan> {
  const { resolved, database } = job;
  const { model, shape } = resolved;
  const isView = model.materialized === "view";
  // A view shows whatever its sources hold.
  const read = isView ? [] : resolved.sources.filter(({ spec }) => !spec.untracked);
  const sideInputs = await allInOrder(read.map((source) => bindSource(source, { ...job, reader: model.name })));
  const state = await loadStoredModel(database, { model: model.name, sideInputs });
  const code = model.form === "sql" ? queryFingerprint(job) : model.seed === undefined ? job.code : SEED_CODE;
  const file = model.seed === undefined ? {} : { file: await digestSeed(model.seed, job.directory) };
  const parts = describeParts(model, { ...job, code, sideInputs: { ...state.sideInputs, ...file } });
  const fingerprint = createFingerprint(parts, state.fingerprints, model.onChange);
  const isMissing = job.isTableMissing === true || (isView && !(await hasRelation(database, shape.name)));
  const made = isMissing ? undefined : state.whole;
  const difference = fingerprint.known.find(({ hash }) => hash === made?.fingerprintHash)?.difference;
  // A function without declared sources may read anything.
  const isComparable = sideInputs.length > 0 || model.form === "sql" || model.seed !== undefined;
  return {
    fingerprint,
    reason: reasonOf(job, { fingerprint, made, isComparable }),
    what: difference?.what ?? [],
    made: state.whole?.fingerprintHash,
  };
}

function reasonOf(
  { resolved: { model }, scope, context }: PlanningJob,
  { fingerprint, made, isComparable }: { fingerprint: Fingerprint; made: WholeUnit | undefined; isComparable: boolean },
): UnitReason {
  if (scope.retry !== undefined) return "unchanged";
  if (made === undefined) return "new";
  const by = fingerprint.known.find(({ hash }) => hash === made.fingerprintHash);
  if (by === undefined) return "code";
  if (by.difference?.reason === "upstream") return "changed";
  if (by.difference !== undefined && model.onChange !== "keep") return by.difference.reason;
  if (!isComparable) return "changed";
  if (context.mode === "full" && made.runId !== context.runId) return "full";
  if (by.difference !== undefined) return "kept";
  return made.status === "kept" ? "kept" : "unchanged";
}

/** True for a table or view of the search path. */
async function hasRelation(database: Database, name: string): Promise<boolean> {
  const [row] = await database.query("select to_regclass($1) is not null as present", [quoteName(name)]);
  return row?.["present"] === true;
}
