import { errorToJson, UsageError } from "../core/errors.ts";
import type { AskedSignature } from "../llm/answers/ask.ts";
import { type PlanningJob, planUnits } from "../run/units/plan-units.ts";
import { type Unit, UnitFeed } from "../run/units/unit-feed.ts";
import { createUnitFunction, type FunctionJob } from "../run/units/unit-function.ts";
import { createRowEncoder } from "../table/encode/row-encoder.ts";
import { tryQuery, type TriedUnit } from "./try-query.ts";

/** Runs a unit model on a few units, always the same ones, and returns what it made of them. Nothing is written. */
export async function tryModel(
  job: PlanningJob & FunctionJob,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly TriedUnit[]> {
  const { model, shape } = job.resolved;
  if (model.forEach === undefined) {
    throw new UsageError(
      "MODEL_WITHOUT_UNITS",
      `Model "${model.name}" has no units to try: it writes its whole table.`,
      {
        hint: `Run it: \`millrace run ${model.name}\`.`,
      },
    );
  }
  const { plan, sources } = await planUnits(job);
  if (model.form === "sql") return tryQuery({ ...job, signal }, plan);
  const units = await job.database.use(async (client) => {
    const found: Unit[] = [];
    for await (const unit of await UnitFeed.open(client, plan, job.database.systemSchema)) found.push(unit);
    return found;
  });
  const callModel = createUnitFunction(job, plan, sources);
  const encoder = createRowEncoder(shape);
  return Promise.all(
    units.map(async (unit): Promise<TriedUnit> => {
      const started = performance.now();
      const asked: AskedSignature[] = [];
      const base = () => ({ unit: unit.sourceKey, durationMs: Math.round(performance.now() - started), asked });
      try {
        const rows = await callModel(unit, {
          signal,
          onUsage: () => undefined,
          onPrediction: (each) => asked.push(each),
        });
        for (const row of rows) encoder.encode(row);
        return { ...base(), rows: rows as readonly Record<string, unknown>[], error: undefined };
      } catch (error) {
        return { ...base(), rows: [], error: errorToJson(error) };
      }
    }),
  );
}
