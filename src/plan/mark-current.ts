import { MillraceError } from "../core/errors.ts";
import { type Fingerprint, inheritAsked, saveFingerprint } from "../state/fingerprint.ts";
import { findWriter } from "../state/lease.ts";
import { recordKept, WHOLE_KEY } from "../state/unit-state.ts";
import type { Parameters } from "../database/sql-text.ts";
import { type PlanningJob, planUnits } from "../run/units/plan-units.ts";
import { unitReasonsSql } from "../run/units/unit-query.ts";
import { planWhole } from "../run/whole-model.ts";

/**
 * Declares the stored output of a model current, whatever has changed since it was made: its units become `kept`.
 * Units without output are still to be made. Returns how many units changed.
 */
export async function markCurrent(job: PlanningJob): Promise<number> {
  const { database, resolved } = job;
  const model = resolved.model.name;
  const system = database.systemSchema;
  const { fingerprint, units } = resolved.model.forEach === undefined ? await wholeToKeep(job) : await unitsToKeep(job);
  return database.transaction(async (client) => {
    const writer = await findWriter(client, { system, model });
    if (writer !== undefined) {
      throw new MillraceError("MODEL_BUSY", `Model "${model}" is being written by run ${writer}.`, {
        hint: "Wait for that run to end, then mark the model.",
      });
    }
    await saveFingerprint(client, { system, model, fingerprint });
    await inheritAsked(client, { system, model, fingerprintHash: fingerprint.hash });
    return recordKept(client, { system, model, fingerprintHash: fingerprint.hash }, units);
  });
}

interface ToKeep {
  readonly fingerprint: Fingerprint;
  readonly units: (parameters: Parameters) => string;
}

async function unitsToKeep(job: PlanningJob): Promise<ToKeep> {
  const { plan } = await planUnits(job);
  const units = (parameters: Parameters) =>
    `(select source_key, input_hash, side_hash from (${unitReasonsSql(plan, job.database.systemSchema, parameters)}) as each
      where reason not in ('unchanged', 'kept', 'deleted'))`;
  return { fingerprint: plan.fingerprint, units };
}

async function wholeToKeep(job: PlanningJob): Promise<ToKeep> {
  const { fingerprint, made } = await planWhole(job);
  const units = (parameters: Parameters) =>
    `(select '${WHOLE_KEY}' as source_key, ''::bytea as input_hash, null::bytea as side_hash
      where ${parameters.add(made ?? null)}::text <> ${parameters.add(fingerprint.hash)})`;
  return { fingerprint, units };
}
