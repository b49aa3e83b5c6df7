import type { DatabaseClient } from "../../database/connect.ts";
import type { RowCounts } from "../../table/write/apply-stage.ts";
import { applyUnits, deleteUnits, findConflicts, stageUnits, unstageUnits } from "../../table/write/unit-batch.ts";
import { DuplicateKeyError } from "../../table/write/duplicate-key-error.ts";
import { copyUnits } from "../../table/write/copy-units.ts";
import { forgetUnits, type UnitStateKey, recordDone, recordFailed } from "../../state/unit-state.ts";
import { type ModelJob, NO_ROWS } from "./model-job.ts";
import { failedUnit, type UnitResult } from "./unit-results.ts";

const MAX_UNITS = 2_000;
const MAX_BYTES = 16 * 1024 * 1024;

export interface CommitterOptions {
  readonly job: ModelJob;
  readonly fingerprintHash: string;
  readonly onCommit: (committed: { readonly units: readonly UnitResult[]; readonly counts: RowCounts }) => void;
}

/**
 * Writes finished units: one transaction for all that have finished since the last one. Slow units are committed as
 * they come, fast ones in large batches, without a timer.
 */
export class UnitCommitter {
  readonly #job: ModelJob;
  readonly #scope: UnitStateKey;
  readonly #onCommit: CommitterOptions["onCommit"];
  #waiting: UnitResult[] = [];
  #bytes = 0;
  /** Units whose rows belong to a unit that has not been written yet in this run; they get a second try. */
  #contested: UnitResult[] = [];
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor({ job, fingerprintHash, onCommit }: CommitterOptions) {
    this.#job = job;
    this.#onCommit = onCommit;
    this.#scope = {
      system: job.database.systemSchema,
      model: job.resolved.model.name,
      runId: job.context.runId,
      fingerprintHash,
    };
  }

  /** Hands a unit over; waits only while units finish faster than they can be written. */
  async add(unit: UnitResult): Promise<void> {
    this.#throwFailure();
    this.#waiting.push(unit);
    this.#bytes += unit.bytes;
    this.#writing ??= this.#writeAll();
    // After a failure nothing more is accepted or written.
    while (this.#failure === undefined && (this.#waiting.length > MAX_UNITS || this.#bytes > MAX_BYTES))
      await this.#writing;
    this.#throwFailure();
  }

  /** Writes what is left. */
  async finish(): Promise<void> {
    await this.#writing;
    this.#throwFailure();
    const contested = this.#contested;
    this.#contested = [];
    if (contested.length > 0) await this.#write(contested, true);
  }

  /** Removes units that are gone from the source, rows and record together. */
  async deleteUnits(sourceKeys: readonly string[]): Promise<void> {
    const { database, modelRuns, lease, resolved } = this.#job;
    const { shape, model } = resolved;
    for (let start = 0; start < sourceKeys.length; start += MAX_UNITS) {
      const unitKeys = sourceKeys.slice(start, start + MAX_UNITS);
      const rowsDeleted = await database.transaction(async (client) => {
        await lease.assertHeld(client);
        const deleted =
          model.writeStrategy === "replace" ? await deleteUnits(client, { shape, modelName: model.name, unitKeys }) : 0;
        await forgetUnits(client, this.#scope, unitKeys);
        await modelRuns.addCounts(client, this.#scope, {
          ...NO_ROWS,
          unitsDone: 0,
          unitsFailed: 0,
          rowsDeleted: deleted,
        });
        return deleted;
      });
      this.#onCommit({ units: [], counts: { rowsWritten: 0, rowsDeleted, rowsUnchanged: 0 } });
    }
  }

  async #writeAll(): Promise<void> {
    try {
      // Lets the units that finish in this turn of the event loop into the same transaction.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#waiting.length > 0 && this.#failure === undefined) {
        const units = this.#waiting;
        this.#waiting = [];
        this.#bytes = 0;
        await this.#write(units, false);
      }
    } catch (error) {
      this.#failure = { error };
      this.#waiting = [];
      this.#bytes = 0;
    } finally {
      this.#writing = undefined;
    }
  }

  async #write(units: readonly UnitResult[], isLastTry: boolean): Promise<void> {
    const { database, modelRuns, lease, resolved, asked } = this.#job;
    const { maxAttempts } = resolved.model;
    const committed = await database.transaction(async (client) => {
      await lease.assertHeld(client);
      const good = units.filter((unit) => unit.error === undefined);
      const applied = await this.#apply(client, good);
      const rejected = applied.rejected.map(({ unit, error }) => failedUnit(unit, unit, error));
      const failed = [...units.filter((unit) => unit.error !== undefined), ...(isLastTry ? rejected : [])];
      await asked.record(client, this.#scope);
      await recordDone(client, this.#scope, applied.done);
      const paths = await recordFailed(client, this.#scope, {
        units: failed,
        maxAttempts,
        documents: database.documents,
      });
      const counted = { ...applied.counts, unitsDone: applied.done.length, unitsFailed: failed.length };
      await modelRuns.addCounts(client, this.#scope, counted);
      const named = failed.map((unit) => ({ ...unit, documentPath: paths.get(unit.sourceKey) }));
      return { units: [...applied.done, ...named], rejected: applied.rejected, counts: applied.counts };
    });
    if (!isLastTry) this.#contested.push(...committed.rejected.map(({ unit }) => unit));
    this.#onCommit(committed);
  }

  // Writes the units' rows to the table; units whose rows belong to another unit are left out.
  async #apply(client: DatabaseClient, units: readonly UnitResult[]): Promise<Applied> {
    const { resolved, context } = this.#job;
    const { shape, model } = resolved;
    const batch = { shape, strategy: model.writeStrategy, modelName: model.name, runId: context.runId };
    if (units.length === 0) return { done: [], rejected: [], counts: NO_ROWS };
    const copied = await copyUnits(client, { ...batch, rows: stagedRows(units), unitKeys: keysOf(units) });
    if (copied !== undefined) return { done: units, rejected: [], counts: copied };
    await stageUnits(client, { shape, rows: stagedRows(units) });
    let done = units;
    const rejected: Rejected[] = [];
    // A unit that is left out keeps its old rows, which may conflict with a remaining unit, so check again.
    for (;;) {
      const conflicts = await findConflicts(client, { ...batch, unitKeys: keysOf(done) });
      if (conflicts.length === 0) break;
      const named = new Set(conflicts.flatMap((conflict) => conflict.units));
      const losers = done.filter((unit) => named.has(unit.sourceKey));
      for (const unit of losers) {
        const own = conflicts.filter((conflict) => conflict.units.includes(unit.sourceKey));
        rejected.push({ unit, error: new DuplicateKeyError(shape.name, own) });
      }
      done = done.filter((unit) => !named.has(unit.sourceKey));
      await unstageUnits(client, { shape, unitKeys: keysOf(losers) });
    }
    return { done, rejected, counts: await applyUnits(client, { ...batch, unitKeys: keysOf(done), isChecked: true }) };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

interface Rejected {
  readonly unit: UnitResult;
  readonly error: DuplicateKeyError;
}

interface Applied {
  readonly done: readonly UnitResult[];
  readonly rejected: readonly Rejected[];
  readonly counts: RowCounts;
}

const keysOf = (units: readonly UnitResult[]) => units.map((unit) => unit.sourceKey);

function* stagedRows(units: readonly UnitResult[]): Generator<{ sourceKey: string; line: string }> {
  for (const { sourceKey, lines } of units) for (const line of lines) yield { sourceKey, line };
}
