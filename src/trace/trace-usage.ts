import { addUsage, NO_USAGE } from "../llm/answers/telemetry.ts";
import type { Usage } from "../state/results.ts";
import type { RowTrace } from "./trace.ts";

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
