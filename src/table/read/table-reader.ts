import type { Database } from "../../database/connect.ts";
import { isConnectionLoss } from "../../database/server-error.ts";
import type { RowDecoder } from "./decode-row.ts";
import { openCursor, type ReadQuery } from "./open-cursor.ts";
import { explainReadError } from "./read-errors.ts";

const FETCH_ROWS = 1_000;

export interface TableReaderOptions<Row> {
  readonly database: Database;
  readonly query: ReadQuery;
  readonly decode: RowDecoder<Row>;
  /** The model that reads; errors name it. */
  readonly reader: string;
}

const openStreams = new WeakMap<Database, number>();

/** The rows of a source. Nothing is read before it is used; iterating holds one batch in memory. */
export class TableReader<Row> implements AsyncIterable<Row> {
  readonly #database: Database;
  readonly #query: ReadQuery;
  readonly #decode: RowDecoder<Row>;
  readonly #reader: string;
  #rows: Promise<readonly Row[]> | undefined;
  #count: Promise<number> | undefined;

  constructor({ database, query, decode, reader }: TableReaderOptions<Row>) {
    this.#database = database;
    this.#query = query;
    this.#decode = decode;
    this.#reader = reader;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    for await (const batch of this.batches(FETCH_ROWS)) yield* batch;
  }

  /** Every row at once, read once. */
  rows(): Promise<readonly Row[]> {
    this.#rows ??= this.#readAll().catch((error: unknown) => {
      this.#rows = undefined;
      throw error;
    });
    return this.#rows;
  }

  /** How many rows there are, counted by the database. */
  count(): Promise<number> {
    if (this.#rows !== undefined) return this.#rows.then((rows) => rows.length);
    this.#count ??= this.#readCount().catch((error: unknown) => {
      this.#count = undefined;
      throw error;
    });
    return this.#count;
  }

  /** Rows in lists of `size`; the last one is shorter. */
  async *batches(size: number): AsyncGenerator<readonly Row[], void, undefined> {
    if (!Number.isInteger(size) || size < 1) throw new RangeError("The size of a batch must be a positive integer.");
    if (this.#rows !== undefined) {
      const rows = await this.#rows;
      for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
      return;
    }
    const streams = openStreams.get(this.#database) ?? 0;
    // Streams hold their connection while the model works. Were all of them held so, a model that reads inside a read,
    // or writes what it reads, would wait for itself; further readers read all at once and let go.
    if (streams >= Math.floor((this.#database.pool.options.max ?? 2) / 2)) {
      const rows = await this.#readAll();
      for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
      return;
    }
    openStreams.set(this.#database, streams + 1);
    try {
      yield* this.#fetch(size);
    } finally {
      openStreams.set(this.#database, (openStreams.get(this.#database) ?? 1) - 1);
    }
  }

  async *#fetch(size: number): AsyncGenerator<readonly Row[], void, undefined> {
    const client = await this.#database.connect();
    const open = openCursor(client, this.#query);
    let failure: unknown;
    try {
      for (;;) {
        const { rows, names } = await open.read(size);
        if (rows.length > 0) yield rows.map((values) => this.#decode(values, names));
        if (rows.length < size) return;
      }
    } catch (error) {
      failure = error;
      throw explainReadError(this.#database.explain(error), this.#reader);
    } finally {
      // An iteration that ends early leaves the cursor open, and the connection busy with it.
      await open.close().catch(() => undefined);
      client.release(isConnectionLoss(failure) ? (failure as Error) : undefined);
    }
  }

  async #readAll(): Promise<readonly Row[]> {
    const all: Row[] = [];
    for await (const batch of this.#fetch(FETCH_ROWS)) for (const row of batch) all.push(row);
    return all;
  }

  async #readCount(): Promise<number> {
    const { text, parameters } = this.#query;
    try {
      const [row] = await this.#database.query<{ count: string }>(
        `select count(*) as count from (${text}) as counted`,
        parameters,
      );
      return Number(row?.count);
    } catch (error) {
      throw explainReadError(error, this.#reader);
    }
  }
}
