import { randomBytes } from "node:crypto";
import { untilAborted } from "../core/abort.ts";
import { MillraceError } from "../core/errors.ts";
import { sha256 } from "../core/hash.ts";
import type { SourceReader } from "../model/define-model.ts";
import { applyStage, dropStages, TableWriter } from "../table/table-writer.ts";
import { bindSource, type BoundSource } from "./bind-source.ts";
import type { ModelJob, Outcome } from "./model-job.ts";
import type { Receipt } from "./results.ts";
import { readContent } from "./read-content.ts";
import { openReader } from "./open-reader.ts";

/** Runs a table model: its rows gather in a stage of this attempt, then one transaction makes them the table's. */
export async function runTableModel(job: ModelJob): Promise<Receipt> {
  const { database, resolved, context } = job;
  const { model, shape } = resolved;
  const prefix = `stage_${sha256(model.name).slice(0, 12)}_`;
  const [sources] = await Promise.all([
    Promise.all(
      resolved.sources.map(async (source) => {
        const bound = await bindSource(source, { ...job, reader: model.name });
        return [source.name, openSource(job, bound)] as const;
      }),
    ),
    // Stages of attempts that died; the lease says that nobody else is at work here.
    dropStages(database, { prefix }),
  ]);
  const stage = `${prefix}${randomBytes(4).toString("hex")}`;
  const writer = new TableWriter<Record<string, unknown>>({ database, shape, stage });
  const returned = await untilAborted(
    model.run({ sources: Object.fromEntries(sources), writer, config: job.config, context, signal: job.signal } as never),
    job.signal,
  );
  await writer.close();
  if (writer.nulCharacters > 0) {
    const message = `removed ${writer.nulCharacters} U+0000, which Postgres cannot store`;
    job.emit({ type: "log", model: model.name, level: "warning", message });
  }
  const counts = readCounts(model.name, returned);
  return database.transaction(async (client) => {
    const { writeStrategy: strategy, name: modelName } = model;
    const rows = await applyStage(client, { writer, strategy, runId: context.runId, modelName });
    return job.finish(client, { status: "succeeded", ...counts }, rows);
  });
}

function openSource(job: ModelJob, source: BoundSource): SourceReader<Record<string, unknown>> {
  const reader = openReader(job.database, source);
  return source.withContent ? new ContentReader(job, reader) : reader;
}

/** Documents with their text: each is read when its turn comes. */
class ContentReader implements SourceReader<Record<string, unknown>> {
  readonly #job: ModelJob;
  readonly #documents: SourceReader<Record<string, unknown>>;

  constructor(job: ModelJob, documents: SourceReader<Record<string, unknown>>) {
    this.#job = job;
    this.#documents = documents;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Record<string, unknown>> {
    for await (const row of this.#documents) yield await this.#read(row);
  }

  async rows(): Promise<readonly Record<string, unknown>[]> {
    return Promise.all((await this.#documents.rows()).map((row) => this.#read(row)));
  }

  count(): Promise<number> {
    return this.#documents.count();
  }

  async *batches(size: number): AsyncGenerator<readonly Record<string, unknown>[]> {
    for await (const batch of this.#documents.batches(size)) yield await Promise.all(batch.map((row) => this.#read(row)));
  }

  async #read(row: Record<string, unknown>): Promise<Record<string, unknown>> {
    return { ...row, content: await readContent(this.#job, row) };
  }
}

function readCounts(model: string, returned: unknown): Pick<Outcome, "counts"> {
  if (returned === undefined || returned === null) return {};
  const entries = Object.entries(returned);
  const wrong = entries.find(([, value]) => typeof value !== "number");
  if (wrong !== undefined) {
    throw new MillraceError("RECEIPT_INVALID", `Model "${model}" returned "${wrong[0]}", which is not a number.`, {
      hint: "A table model returns counts; its rows go through the writer.",
    });
  }
  const counts = entries.filter(([name]) => name !== "rowsWritten");
  return counts.length === 0 ? {} : { counts: Object.fromEntries(counts) as Record<string, number> };
}
