import { type ErrorJson, MillraceError } from "../../core/errors.ts";
import { isAboutServer } from "../../database/server-error.ts";
import { LlmError } from "../../llm/calls/llm-error.ts";
import type { AnyModel } from "../../model/any-model.ts";
import type { RowCounts } from "../../table/write/apply-stage.ts";
import { createRowEncoder } from "../../table/encode/row-encoder.ts";
import type { BoundSource } from "../../sources/bound-source.ts";
import { resetAttempts, hasWorked } from "../../state/unit-state.ts";
import { unitCaller } from "./unit-caller.ts";
import { type ModelJob, NO_ROWS, type Outcome } from "./model-job.ts";
import { renewFingerprints, saveFingerprint } from "../../state/fingerprint.ts";
import type { Receipt } from "../../state/results.ts";
import { planUnits } from "./plan-units.ts";
import { processConcurrently } from "../../core/process-concurrently.ts";
import { UnitCommitter } from "./unit-committer.ts";
import { type Unit, UnitFeed } from "./unit-feed.ts";
import { createUnitFunction } from "./unit-function.ts";
import type { UnitPlan } from "./unit-plan.ts";
import { failedUnit, FirstFailures, succeededUnit, type UnitResult } from "./unit-results.ts";

/** Updates a unit model: deletes units that are gone, processes those that are new or changed. */
export async function runUnitModel(job: ModelJob): Promise<Receipt> {
  const { database, resolved, context, modelRuns } = job;
  const { model } = resolved;
  const system = database.systemSchema;
  const { plan, sources } = await planUnits(job);
  const { fingerprint } = plan;
  const tally = new Tally(job);
  const committer = new UnitCommitter({
    job,
    fingerprintHash: fingerprint.hash,
    onCommit: ({ units, counts }) => tally.add(units, counts),
  });

  const client = await database.connect();
  try {
    const feed = await UnitFeed.open(client, plan, system);
    await committer.deleteUnits(feed.gone);
    tally.wait(feed.waiting);
    const scope = { system, model: model.name, fingerprint };
    if (feed.total === 0) {
      await renewFingerprints(client, scope);
      return await job.finish(client, tally.outcome(), NO_ROWS);
    }
    await saveFingerprint(client, scope);
    await modelRuns.setUnitsLeft({ runId: context.runId, model: model.name }, feed.total);
    tally.start(feed.total);
    const firstFailures = new FirstFailures(feed.total);
    let failures = 0;
    let isBug = false;
    const fingerprints = [
      fingerprint.hash,
      ...fingerprint.known.flatMap(({ hash, difference }) => (difference === undefined ? [hash] : [])),
    ];
    const mayBeBug = !(await hasWorked(client, { system, model: model.name, fingerprints }));
    const mostFailures = model.maxErrorRate * feed.total;
    const runUnit = createUnitRunner(job, plan, sources);
    const stop = new AbortController();
    await processConcurrently(feed, {
      concurrency: model.concurrency,
      signal: AbortSignal.any([job.signal, stop.signal]),
      async work(unit, signal) {
        const result = await runUnit(unit, signal);
        if (result === undefined) return;
        await committer.add(result);
        const common = mayBeBug ? firstFailures.add(result.error, result.isData) : undefined;
        isBug ||= common !== undefined;
        if (common !== undefined) stop.abort(allFailAlike(model.name, unit.sourceKey, common, feed.total));
        if (result.error !== undefined) failures += 1;
        if (failures > mostFailures) stop.abort(tooManyFailures(model, failures, feed.total));
      },
    }).finally(async () => {
      await committer.finish();
      if (isBug) await resetAttempts(client, { system, model: model.name, runId: context.runId });
    });
    stop.signal.throwIfAborted();
    job.signal.throwIfAborted();
    return await job.finish(client, tally.outcome(), NO_ROWS);
  } finally {
    client.release();
  }
}

/** Runs the model's function for a unit and encodes what it returned; undefined when the run was cancelled meanwhile. */
function createUnitRunner(job: ModelJob, plan: UnitPlan, sources: readonly BoundSource[]) {
  const { model, shape } = job.resolved;
  const encoder = createRowEncoder(shape);
  const callModel = createUnitFunction(job, plan, sources);
  return async (unit: Unit, signal: AbortSignal): Promise<UnitResult | undefined> => {
    const started = performance.now();
    try {
      let nulCharacters = 0;
      const lines = (await callModel(unit, unitCaller(job, { ...unit, signal }))).map((row) => {
        const encoded = encoder.encode(row);
        nulCharacters += encoded.nulCharacters;
        return encoded.line;
      });
      if (nulCharacters > 0) {
        job.emit({
          type: "log",
          model: model.name,
          level: "warning",
          message: `unit ${unit.sourceKey}: removed ${nulCharacters} U+0000, which Postgres cannot store`,
        });
      }
      return succeededUnit(unit, { durationMs: performance.now() - started, lines });
    } catch (error) {
      const isFatal = (error instanceof LlmError && error.isFatal) || isAboutServer(error);
      // What a cancelled unit throws says nothing about its data.
      if (signal.aborted) return undefined;
      // The error would hit every unit, so stop the model and do not count it against this one.
      if (isFatal) throw error;
      return failedUnit(unit, { durationMs: performance.now() - started }, error);
    }
  };
}

function allFailAlike(model: string, unit: string, error: ErrorJson, total: number): MillraceError {
  return new MillraceError(
    "MODEL_FAILED",
    `Model "${model}": the first units all failed in the same way, for example unit "${unit}": ${error.code}: ${error.message}`,
    {
      details: { unit, unitsTotal: total },
      cause: Object.assign(new Error(error.message), { code: error.code, stack: error.stack?.join("\n") }),
      hint: "Fix the model's function; --verbose shows the whole stack.",
    },
  );
}

function tooManyFailures(model: AnyModel, failures: number, total: number): MillraceError {
  return new MillraceError(
    "TOO_MANY_FAILURES",
    `Model "${model.name}": ${failures} of ${total} units failed, more than its \`maxErrorRate\` of ${model.maxErrorRate} allows.`,
    {
      details: { failures, unitsTotal: total },
      hint: `\`millrace show ${model.name} --errors\` lists them. Finished units are kept.`,
    },
  );
}

/** Counts a model's progress and reports it at most ten times a second. */
class Tally {
  readonly #job: ModelJob;
  #total = 0;
  #done = 0;
  #failed = 0;
  #waiting = 0;
  #rows = { rowsWritten: 0, rowsDeleted: 0, rowsUnchanged: 0 };
  #reportedAt = 0;

  constructor(job: ModelJob) {
    this.#job = job;
  }

  start(total: number): void {
    this.#total = total;
    this.#report();
  }

  add(units: readonly UnitResult[], counts: RowCounts): void {
    const model = this.#job.resolved.model.name;
    for (const { sourceKey: unit, error, documentPath: document } of units) {
      if (error === undefined) this.#done += 1;
      else {
        this.#failed += 1;
        this.#job.emit({ type: "unit_failed", model, unit, ...(document === undefined ? {} : { document }), error });
      }
    }
    this.#rows.rowsWritten += counts.rowsWritten;
    this.#rows.rowsDeleted += counts.rowsDeleted;
    this.#rows.rowsUnchanged += counts.rowsUnchanged;
    if (performance.now() - this.#reportedAt > 100) this.#report();
  }

  wait(waiting: number): void {
    this.#waiting = waiting;
  }

  outcome(): Outcome {
    this.#report();
    const status = this.#failed > 0 || this.#waiting > 0 ? "partial" : "succeeded";
    return { status, ...(this.#waiting === 0 ? {} : { unitsWaiting: this.#waiting }) };
  }

  #report(): void {
    this.#reportedAt = performance.now();
    this.#job.emit({
      type: "model_progress",
      model: this.#job.resolved.model.name,
      progress: {
        unitsDone: this.#done,
        unitsFailed: this.#failed,
        unitsTotal: this.#total,
        rowsWritten: this.#rows.rowsWritten,
      },
    });
  }
}
