import type { SourceReader } from "../model/define-model.ts";
import type { BoundSource } from "./bind-source.ts";
import type { ModelJob } from "../run/model-job.ts";
import { openReader } from "../run/open-reader.ts";
import { readContent, withContents } from "./attach-content.ts";

type Row = Record<string, unknown>;
type SourceJob = Pick<ModelJob, "database" | "directory" | "resolved">;

/** A lazy reader of a source as the model's function gets it. */
export function openSource(job: SourceJob, source: BoundSource): SourceReader<Row> {
  const reader = openReader(job.database, source, job.resolved.model.name);
  return source.withContent ? new ContentReader(job, reader) : reader;
}

/** Documents with their texts: each is read when its turn comes. */
class ContentReader implements SourceReader<Row> {
  readonly #job: SourceJob;
  readonly #documents: SourceReader<Row>;

  constructor(job: SourceJob, documents: SourceReader<Row>) {
    this.#job = job;
    this.#documents = documents;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row> {
    for await (const row of this.#documents) yield { ...row, content: await readContent(this.#job, row) };
  }

  async rows(): Promise<readonly Row[]> {
    return withContents(this.#job, await this.#documents.rows());
  }

  count(): Promise<number> {
    return this.#documents.count();
  }

  async *batches(size: number): AsyncGenerator<readonly Row[]> {
    for await (const batch of this.#documents.batches(size)) yield await withContents(this.#job, batch);
  }
}
