import type { SourceReader } from "../model/define-model.ts";

/** Rows that are already in memory, in the form of a source. */
export class ArrayReader<Row> implements SourceReader<Row> {
  readonly #rows: readonly Row[];

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row> {
    yield* this.#rows;
  }

  async rows(): Promise<readonly Row[]> {
    return this.#rows;
  }

  async count(): Promise<number> {
    return this.#rows.length;
  }

  async *batches(size: number): AsyncGenerator<readonly Row[]> {
    for (let start = 0; start < this.#rows.length; start += size) yield this.#rows.slice(start, start + size);
  }
}
