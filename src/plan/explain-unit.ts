import { UsageError } from "../core/errors.ts";
import type { Database } from "../database/connect.ts";
import type { ResolvedModel } from "../graph/resolved-model.ts";
import { differences, type Fingerprint } from "../state/fingerprint.ts";
import { Parameters } from "../database/sql-text.ts";
import { type PlanningJob, planUnits } from "../run/units/plan-units.ts";
import { namedUnitSql } from "../sources/named-unit.ts";
import { loadUnitStates, type UnitState } from "../state/unit-state.ts";
import { type UnitReason, WORK_REASONS } from "../run/units/unit-plan.ts";
import { unitReasonsSql } from "../run/units/unit-query.ts";
import { planWhole } from "../run/whole-model.ts";

/** Why a unit would run now, or would not. */
export interface Explanation {
  readonly model: string;
  readonly unit: string;
  readonly reason: UnitReason | "deleted";
  readonly willRun: boolean;
  /** Everything that differs from what its stored output was made of, in words. */
  readonly differences: readonly string[];
  /** What the ledger knows; undefined for a unit that has never run. */
  readonly stored: UnitState | undefined;
}

/** Looks at one unit of a model: `key` is its key as `plan --rows` prints it, the parts of a composite key, a clear beginning, or the path of the document it belongs to. */
export async function explainUnit(job: PlanningJob, key: readonly string[]): Promise<Explanation> {
  const { model } = job.resolved;
  if (model.forEach === undefined) return explainWhole(job);
  if (key.length === 0) {
    throw new UsageError("KEY_MISSING", `Model "${model.name}" works in units; give the key of one.`, {
      hint: `\`millrace plan ${model.name} --rows --full-refresh\` lists their keys.`,
    });
  }
  const { database } = job;
  const { plan } = await planUnits(job);
  const parameters = new Parameters();
  const units = unitReasonsSql(plan, database.systemSchema, parameters);
  const rows = await database.query<UnitRow>(
    `select source_key, reason, program_hash, status is not null as is_known, has_other_rows, has_other_matches
     from (${units}) as unit
     where ${namedUnitSql(key, { ...UNIT, documents: database.documents }, parameters)} order by length(source_key) limit 5`,
    parameters.values,
  );
  const [unit] = rows;
  if (unit === undefined) throw notFound(job.resolved, key);
  if (rows.length > 1 && !(key.length === 1 && key[0] === unit.source_key)) throw ambiguous(job.resolved, key, rows);
  const stored = await loadUnitState(database, model.name, unit.source_key);
  const others = plan.matched.map((source) => source.name).join(", ");
  return {
    model: model.name,
    unit: unit.source_key,
    reason: unit.reason,
    willRun: (WORK_REASONS as readonly string[]).includes(unit.reason),
    differences:
      unit.is_known && unit.reason !== "deleted"
        ? [
            ...(unit.has_other_rows ? [`columns it reads from ${plan.source.name} have changed`] : []),
            ...(unit.has_other_matches ? [`the rows that match it have changed: ${others}`] : []),
            ...fingerprintDifferences(plan.fingerprint, unit.program_hash ?? ""),
          ]
        : [],
    stored,
  };
}

interface UnitRow extends Record<string, unknown> {
  readonly source_key: string;
  readonly reason: UnitReason | "deleted";
  readonly program_hash: string | null;
  readonly is_known: boolean;
  readonly has_other_rows: boolean;
  readonly has_other_matches: boolean;
}

async function explainWhole(job: PlanningJob): Promise<Explanation> {
  const { model } = job.resolved;
  const { fingerprint, reason, made } = await planWhole(job);
  const stored = await loadUnitState(job.database, model.name, "");
  return {
    model: model.name,
    unit: "",
    reason,
    willRun: (WORK_REASONS as readonly string[]).includes(reason),
    differences: made === undefined ? [] : fingerprintDifferences(fingerprint, made),
    stored,
  };
}

function fingerprintDifferences({ parts, known }: Fingerprint, made: string): readonly string[] {
  const before = known.find(({ hash }) => hash === made);
  if (before === undefined) return ["it was made by a program that is no longer on record"];
  return differences(before.parts, parts).map(({ reason, what }) => {
    const names = what.join(", ");
    if (reason === "code") return names === "" ? "the model's code has changed" : `the model's ${names} has changed`;
    if (reason === "config") return `parameters differ: ${names}`;
    if (reason === "prompt") return `tuned prompts have changed: ${names}`;
    if (reason === "llm") return "the language model or its settings have changed";
    if (reason === "schema") return "the model's table has changed";
    return `sources that every unit sees in full have changed: ${names}`;
  });
}

const UNIT = { sourceKey: "unit.source_key", documentId: "coalesce(unit.document_id, unit.stored_document_id)" };

async function loadUnitState(database: Database, model: string, key: string): Promise<UnitState | undefined> {
  return (await loadUnitStates(database, model, [key])).get(key);
}

function ambiguous({ model }: ResolvedModel, key: readonly string[], rows: readonly UnitRow[]): UsageError {
  const names = rows.map((row) => row.source_key).join(", ");
  return new UsageError("UNIT_AMBIGUOUS", `Several units of "${model.name}" match "${key.join(" ")}": ${names}.`, {
    hint: "Give more of the key.",
  });
}

function notFound({ model }: ResolvedModel, key: readonly string[]): UsageError {
  return new UsageError("UNIT_NOT_FOUND", `Model "${model.name}" has no unit "${key.join(" ")}".`, {
    hint: `\`millrace plan ${model.name} --rows --full-refresh\` lists the keys of its units.`,
  });
}
