import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import { type Database, quoteName } from "../database/connect.ts";
import type { CodeFingerprint } from "../model/code-fingerprint.ts";
import { bindSource } from "./bind-source.ts";
import { recordDone } from "./ledger.ts";
import { type ModelJob, NO_ROWS } from "./model-job.ts";
import { loadModelState, WHOLE_KEY, type WholeUnit } from "./model-state.ts";
import type { PlanningJob } from "./plan-units.ts";
import { createProgram, describeParts, type Program, saveProgram } from "./program.ts";
import type { Receipt } from "./results.ts";
import { renderSqlModel, runSqlModel } from "./sql-model.ts";
import { runTableModel } from "./table-model.ts";
import type { UnitReason } from "./unit-query.ts";

/** Brings a model up to date that writes its table as one unit: all of it, or nothing when nothing has changed. */
export async function runWholeModel(job: ModelJob): Promise<Receipt> {
  const { database, resolved, context } = job;
  const { program, reason } = await planWhole(job);
  if (!isWork(reason)) {
    return database.use((client) => job.finish(client, { status: "succeeded" }, NO_ROWS));
  }
  const scope = {
    system: database.systemSchema,
    model: resolved.model.name,
    runId: context.runId,
    programHash: program.hash,
  };
  const started = performance.now();
  const finish: ModelJob["finish"] = async (client, outcome, rows) => {
    await saveProgram(client, { ...scope, program });
    const durationMs = performance.now() - started;
    await recordDone(client, scope, [{ ...WHOLE_UNIT, durationMs }]);
    return job.finish(client, outcome, rows);
  };
  const run = resolved.model.form === "sql" ? runSqlModel : runTableModel;
  return run({ ...job, finish });
}

const WHOLE_UNIT = {
  sourceKey: WHOLE_KEY,
  documentId: null,
  inputHash: Buffer.alloc(0),
  sideHash: null,
  error: undefined,
};

export interface WholePlan {
  readonly program: Program;
  readonly reason: UnitReason;
  /** Parameters or sources that differ. */
  readonly what: readonly string[];
  /** The program that made what is stored. */
  readonly made: string | undefined;
}

const isWork = (reason: UnitReason) => reason !== "unchanged" && reason !== "kept";

/** Says why a model that writes its whole table will run, or why not. Its sources are a part of its program. */
export async function planWhole(job: PlanningJob): Promise<WholePlan> {
  const { resolved, database } = job;
  const { model, shape } = resolved;
  const isView = model.materialized === "view";
  // A view shows whatever its sources hold.
  const read = isView ? [] : resolved.sources.filter(({ spec }) => !spec.untracked);
  const sides = await Promise.all(read.map((source) => bindSource(source, { ...job, reader: model.name })));
  const state = await loadModelState(database, { model: model.name, sides });
  const code = model.form === "sql" ? queryFingerprint(job) : job.code;
  const program = createProgram(describeParts(model, { ...job, code, sides: state.sides }), state.programs);
  const isMissing = job.isTableMissing === true || (isView && !(await hasRelation(database, shape.name)));
  const made = isMissing ? undefined : state.whole;
  const difference = program.known.find(({ hash }) => hash === made?.programHash)?.difference;
  // A function that declares no source may read whatever it likes.
  const isComparable = sides.length > 0 || model.form === "sql";
  return {
    program,
    reason: reasonOf(job, { program, made, isComparable }),
    what: difference?.what ?? [],
    made: state.whole?.programHash,
  };
}

function reasonOf(
  { resolved: { model }, scope, context }: PlanningJob,
  { program, made, isComparable }: { program: Program; made: WholeUnit | undefined; isComparable: boolean },
): UnitReason {
  if (scope.retry !== undefined) return "unchanged";
  if (made === undefined) return "new";
  const by = program.known.find(({ hash }) => hash === made.programHash);
  if (by === undefined) return "code";
  if (by.difference?.reason === "upstream") return "changed";
  if (by.difference !== undefined) return model.onChange === "keep" ? "kept" : by.difference.reason;
  if (!isComparable) return "changed";
  if (context.mode === "full" && made.runId !== context.runId) return "full";
  return made.status === "kept" ? "kept" : "unchanged";
}

// What a query does stands in its text, wherever that comes from.
function queryFingerprint({ resolved, database }: PlanningJob): CodeFingerprint {
  const { own, values } = renderSqlModel(resolved, database);
  const digest = sha256(canonicalJson([resolved.model.materialized, own, values]));
  return { code: digest, source: digest };
}

/** True for a table or view of the search path. */
async function hasRelation(database: Database, name: string): Promise<boolean> {
  const [row] = await database.query("select to_regclass($1) is not null as present", [quoteName(name)]);
  return row?.["present"] === true;
}
