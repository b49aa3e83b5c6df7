import { untilAborted } from "../../core/abort.ts";
import type { AskOptions } from "../../llm/answers/ask.ts";
import { withUnit } from "./activity.ts";
import { createLlm } from "../../llm/llm.ts";
import { ArrayReader } from "../../sources/array-reader.ts";
import type { BoundSource } from "../../sources/bound-source.ts";
import type { ModelJob } from "./model-job.ts";
import { openSource } from "../../sources/source-reader.ts";
import { withContents } from "../../sources/attach-content.ts";
import type { Unit } from "./unit-feed.ts";
import type { UnitPlan } from "./unit-plan.ts";

export type FunctionJob = Pick<ModelJob, "database" | "resolved" | "config" | "context" | "directory" | "emit" | "llm">;

/** The model's function as a function of one unit; it returns rows that are not checked yet. */
export function createUnitFunction(job: FunctionJob, plan: UnitPlan, sources: readonly BoundSource[]) {
  const { model } = job.resolved;
  const others = sources.filter((source) => source !== plan.source);
  const options = { ...job, reader: model.name };
  const whole = Object.fromEntries(
    others.filter((source) => source.match.length === 0).map((source) => [source.name, openSource(source, options)]),
  );
  return async (unit: Unit, caller: AskOptions): Promise<readonly unknown[]> => {
    const { signal } = caller;
    const rows = plan.source.withContent ? await withContents(job, unit.rows) : unit.rows;
    const matched = Object.entries(unit.matched).map(([name, matchedRows]) => [name, new ArrayReader(matchedRows)]);
    const unitArguments = model.form === "group" ? { key: unit.key, rows } : { row: rows[0] };
    // The text has been read by now.
    signal.throwIfAborted();
    const called = performance.now();
    const argument = {
      ...unitArguments,
      sources: { ...whole, ...Object.fromEntries(matched) },
      config: job.config,
      context: job.context,
      signal,
      llm: createLlm(job.llm, caller),
    };
    const returned = withUnit(unit.sourceKey, () => model.run(argument as never));
    warnAboutBlocking(job, unit, performance.now() - called);
    const output = await untilAborted(returned, signal);
    return output === null || output === undefined ? [] : Array.isArray(output) ? (output as unknown[]) : [output];
  };
}

function warnAboutBlocking(job: FunctionJob, unit: Unit, blockedMs: number): void {
  if (blockedMs < 1_000) return;
  job.emit({
    type: "log",
    model: job.resolved.model.name,
    level: "warning",
    message: `unit ${unit.sourceKey} blocked the event loop for ${(blockedMs / 1_000).toFixed(1)} s, and with it all other models`,
  });
}
