import type { Database } from "../database/connect.ts";
import { addUsage, NO_USAGE } from "../llm/telemetry.ts";
import { usageJsonSql } from "../state/usage.ts";
import type { Usage } from "../state/results.ts";
import type { UnitState } from "../run/units/unit-fates.ts";
import type { RowTrace } from "./trace.ts";

/** What the last try of each unit took, by its key; nothing for units that asked nobody. */
export async function loadUnitUsage(
  database: Database,
  model: string,
  fates: ReadonlyMap<string, UnitState>,
): Promise<ReadonlyMap<string, Usage>> {
  const rows = await database.query<{ readonly key: string; readonly usage: Usage }>(
    `select u.source_key as key, ${usageJsonSql} as usage from ${database.systemSchema}.llm_usage u
     join unnest($2::text[], $3::text[]) as tried (source_key, run_id) using (source_key, run_id)
     where u.model = $1 group by u.source_key`,
    [model, [...fates.keys()], Array.from(fates.values(), ({ runId }) => runId)],
  );
  return new Map(rows.map(({ key, usage }) => [key, usage]));
}

export interface TraceUsage extends Usage {
  /** False where rows are left out, since there are too many of them or the trace goes no deeper. */
  readonly isWhole: boolean;
}

/** What everything in a trace took, each unit once; undefined when nothing of it asked a language model. */
export function sumTraceUsage(root: RowTrace): TraceUsage | undefined {
  const units = new Map<string, Usage>();
  const seen = new Set<RowTrace>();
  let isWhole = true;
  const visit = (trace: RowTrace) => {
    if (seen.has(trace)) return;
    seen.add(trace);
    const { unit, model, inputs, isCut } = trace;
    if (unit !== null && unit.usage !== null) units.set(JSON.stringify([model, unit.sourceKey]), unit.usage);
    if (isCut) isWhole = false;
    for (const { by, rows, total } of inputs) {
      if (by !== "whole" && rows.length > 0 && rows.length < total) isWhole = false;
      for (const row of rows) visit(row);
    }
  };
  visit(root);
  return units.size === 0 ? undefined : { ...[...units.values()].reduce(addUsage, NO_USAGE), isWhole };
}
