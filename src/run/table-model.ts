import { allInOrder } from "../core/all-in-order.ts";
import { randomBytes } from "node:crypto";
import { untilAborted } from "../core/abort.ts";
import { MillraceError } from "../core/errors.ts";
import { sha256 } from "../core/hash.ts";
import { createLlm } from "../llm/llm.ts";
import { applyWrittenRows, dropStages, TableWriter } from "../table/write/table-writer.ts";
import { bindSource } from "../sources/bind-source.ts";
import { unitCaller } from "./units/unit-caller.ts";
import type { ModelJob, Outcome } from "./units/model-job.ts";
import { WHOLE_KEY } from "../state/unit-state.ts";
import { openSource } from "../sources/source-reader.ts";
import type { Receipt } from "../state/results.ts";

/** Runs a table model: its rows are collected in this attempt's stage, then one transaction moves them into the table. */
export async function runTableModel(job: ModelJob): Promise<Receipt> {
  const { database, resolved, context } = job;
  const { model, shape } = resolved;
  const prefix = `stage_${sha256(model.name).slice(0, 12)}_`;
  // Drop stages of attempts that died; the lease ensures that nobody else is at work here.
  if (job.lease.isTakeover) await dropStages(database, { prefix });
  const sources = await allInOrder(
    resolved.sources.map(async (source) => {
      const options = { ...job, reader: model.name };
      return [source.name, openSource(await bindSource(source, options), options)] as const;
    }),
  );
  const stage = `${prefix}${randomBytes(4).toString("hex")}`;
  const writer = new TableWriter({ database, shape, stage });
  try {
    const readers = Object.fromEntries(sources);
    const whole = { sourceKey: WHOLE_KEY, documentId: null, signal: job.signal };
    const llm = createLlm(job.llm, unitCaller(job, whole));
    const { config, signal, directory } = job;
    const given = { sources: readers, writer, config, context, signal, llm, directory };
    const returned = await untilAborted(model.run(given as never), job.signal);
    await writer.close();
    warnRemoved(job, writer.nulCharacters);
    const counts = readCounts(model.name, returned);
    return await database.transaction(async (client) => {
      const { writeStrategy: strategy, name: modelName } = model;
      const rows = await applyWrittenRows(client, { writer, strategy, runId: context.runId, modelName });
      return job.finish(client, { status: "succeeded", ...counts }, rows);
    });
  } catch (error) {
    // A function that was not waited for may still write.
    await writer.abort(error);
    // The first error is the one that explains; a stage that stays is dropped by the next attempt.
    if (writer.hasStage) await dropStages(database, { prefix: stage }).catch(() => undefined);
    throw error;
  }
}

function warnRemoved(job: ModelJob, nulCharacters: number): void {
  if (nulCharacters === 0) return;
  const message = `removed ${nulCharacters} U+0000, which Postgres cannot store`;
  job.emit({ type: "log", model: job.resolved.model.name, level: "warning", message });
}

function readCounts(model: string, returned: unknown): Pick<Outcome, "counts"> {
  if (returned === undefined || returned === null) return {};
  const entries = Object.entries(returned);
  const wrong = entries.find(([, value]) => typeof value !== "number");
  if (wrong !== undefined) {
    throw new MillraceError("RECEIPT_INVALID", `Model "${model}" returned "${wrong[0]}", which is not a number.`, {
      hint: "A table model returns counts; it writes its rows with the writer.",
    });
  }
  const counts = entries.filter(([name]) => name !== "rowsWritten");
  return counts.length === 0 ? {} : { counts: Object.fromEntries(counts) };
}
