import { setMaxListeners } from "node:events";
import { Probe, type ProbedRequest } from "../llm/answers/probe.ts";
import type { Price } from "../llm/answers/price.ts";
import { type PlanningJob, planUnits } from "../run/units/plan-units.ts";
import { UnitFeed } from "../run/units/unit-feed.ts";
import { createUnitFunction, type FunctionJob } from "../run/units/unit-function.ts";

/** What a few units of a model have asked, and given. */
export interface ProbedUnits {
  /** Units that came to their end or asked something, and of these such whose every answer is kept. */
  readonly units: number;
  readonly kept: number;
  /** Share of all requests that would be sent. */
  readonly sentShare: number;
  readonly requests: readonly ProbedRequest[];
  /** Today's price of the model that each signature goes to. */
  readonly prices: ReadonlyMap<string, Price | undefined>;
  /** Rows of a unit on average, as far as they do not come from answers that were made up. */
  readonly rowsPerUnit: number | undefined;
}

const MAX_PROBED = 10;
// Somebody is waiting for the plan.
const MAX_MS = 10_000;

/**
 * Runs the function of a model on a few of the units it has to process, with a model that only records what it is asked.
 * Nothing is sent or written. Undefined where there is nothing to run, or it may not be run.
 */
export async function probeUnits(job: PlanningJob & FunctionJob): Promise<ProbedUnits | undefined> {
  const { model } = job.resolved;
  if (model.forEach === undefined || !model.probe) return undefined;
  const { plan, sources } = await planUnits(job);
  const found = await job.database.use(async (client) =>
    (await UnitFeed.open(client, plan, job.database.systemSchema)).spread(MAX_PROBED),
  );
  const probe = new Probe();
  const callModel = createUnitFunction({ ...job, llm: job.llm.with({ probe }) }, plan, sources);
  const signal = AbortSignal.timeout(MAX_MS);
  setMaxListeners(0, signal);
  const rows: number[] = [];
  const ended = await Promise.all(
    found.map(async (unit) => {
      try {
        const caller = { sourceKey: unit.sourceKey };
        rows.push((await callModel(unit, { signal, caller, onUsage: () => undefined })).length);
        return true;
      } catch {
        // The function may fail on a made-up answer; what it has asked still counts.
        return probe.units.has(unit.sourceKey);
      }
    }),
  );
  const counts = [...probe.units.values()];
  const asked = counts.reduce((sum, unit) => sum + unit.asked, 0);
  const kept = counts.reduce((sum, unit) => sum + unit.kept, 0);
  return {
    units: ended.filter(Boolean).length,
    kept: counts.filter((unit) => unit.kept === unit.asked).length,
    sentShare: asked === 0 ? 0 : (asked - kept) / asked,
    requests: probe.requests,
    prices: probe.prices,
    rowsPerUnit: asked > kept || rows.length === 0 ? undefined : rows.reduce((sum, count) => sum + count) / rows.length,
  };
}
