import { MillraceError } from "../core/errors.ts";
import { inheritAsked } from "../state/asked-signatures.ts";
import { isAliveSql } from "../state/presence.ts";
import { WHOLE_KEY } from "../state/model-state.ts";
import { saveFingerprint } from "../state/fingerprint.ts";
import { Parameters } from "../database/sql-text.ts";
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
  const isWhole = resolved.model.forEach === undefined;
  const plan = isWhole ? undefined : (await planUnits(job)).plan;
  const program = plan?.program ?? (await planWhole(job)).program;
  return database.transaction(async (client) => {
    const busy = await client.query(
      `select run_id from ${system}.model_lease where model = $1 and expires_at > now() and ${isAliveSql("executor_id")}`,
      [model],
    );
    if (busy.rowCount !== 0) {
      throw new MillraceError(
        "MODEL_BUSY",
        `Model "${model}" is being written by run ${String(busy.rows[0]?.["run_id"])}.`,
        {
          hint: "Wait for that run, then mark the model.",
        },
      );
    }
    await saveFingerprint(client, { system, model, program });
    await inheritAsked(client, { system, model, programHash: program.hash });
    const parameters = new Parameters();
    const hash = parameters.add(program.hash);
    const name = parameters.add(model);
    const set = `status = 'kept', program_hash = ${hash}, attempts = 0, error_code = null, error = null, updated_at = now()`;
    const marked =
      plan === undefined
        ? await client.query(
            `update ${system}.unit_state set ${set} where model = ${name} and source_key = '${WHOLE_KEY}' and program_hash <> ${hash}`,
            parameters.values,
          )
        : await client.query(
            `update ${system}.unit_state u set ${set}, input_hash = unit.input_hash, side_hash = unit.side_hash
             from (${unitReasonsSql(plan, system, parameters)}) as unit
             where u.model = ${name} and u.source_key = unit.source_key and u.has_output
               and unit.reason not in ('unchanged', 'kept', 'deleted')`,
            parameters.values,
          );
    return marked.rowCount ?? 0;
  });
}
