import { bindSource } from "./bind-source.ts";
import { recordDone } from "./ledger.ts";
import { type ModelJob, NO_ROWS } from "./model-job.ts";
import { loadModelState, type ModelState, WHOLE_KEY } from "./model-state.ts";
import type { PlanningJob } from "./plan-units.ts";
import { createProgram, describeParts, type Program, saveProgram } from "./program.ts";
import type { Receipt } from "./results.ts";
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
  return runTableModel({ ...job, finish });
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
  const { resolved, database, context } = job;
  const { model } = resolved;
  const sources = await Promise.all(
    resolved.sources.map((source) => bindSource(source, { ...job, reader: model.name })),
  );
  const sides = sources.filter((source) => !source.untracked);
  const state = await loadModelState(database, { model: model.name, sides });
  const program = createProgram(describeParts(model, { ...job, sides: state.sides }), state.programs);
  const difference = program.known.find(({ hash }) => hash === state.whole?.programHash)?.difference;
  const made = state.whole?.programHash;
  return { program, reason: reasonOf(job, program, state), what: difference?.what ?? [], made };

  function reasonOf({ scope }: PlanningJob, { known }: Program, { whole }: ModelState): UnitReason {
    if (scope.retry !== undefined) return "unchanged";
    if (whole === undefined || job.isTableMissing === true) return "new";
    const made = known.find(({ hash }) => hash === whole.programHash);
    if (made === undefined) return "code";
    if (made.difference?.reason === "upstream") return "changed";
    if (made.difference !== undefined) return model.onChange === "keep" ? "kept" : made.difference.reason;
    // What it reads besides is nobody's to compare.
    if (sides.length === 0) return "changed";
    if (context.mode === "full" && whole.runId !== context.runId) return "full";
    return whole.status === "kept" ? "kept" : "unchanged";
  }
}
