import { quoteName } from "../database/connect.ts";
import { Parameters } from "../database/sql-text.ts";
import type { SourceReader } from "../model/define-model.ts";
import { TableReader } from "../table/read/table-reader.ts";
import { type ContentPlace, readContent, withContents } from "./attach-content.ts";
import type { BoundSource } from "./bound-source.ts";
import { conditionsSql } from "./conditions.ts";

type Row = Record<string, unknown>;

export interface OpenSourceOptions extends ContentPlace {
  /** The model that reads. */
  readonly reader: string;
}

/** A lazy reader of a source as the model's function gets it: what it selects, in the order of its primary key. */
export function openSource(source: BoundSource, options: OpenSourceOptions): SourceReader<Row> {
  const rows = openTable(source, options);
  return source.withContent ? new ContentReader(options, rows) : rows;
}

function openTable(source: BoundSource, { database, reader }: OpenSourceOptions): TableReader<Row> {
  const { columns, primaryKey } = source;
  const parameters = new Parameters();
  const where = conditionsSql([...source.definition, ...source.scope], "s", parameters);
  const order =
    primaryKey.length === 0 ? "" : `order by ${primaryKey.map((key) => `s.${quoteName(key.name)}`).join(", ")}`;
  const selected = columns.map((column) => `s.${quoteName(column.name)}`).join(", ");
  return new TableReader({
    database,
    reader,
    query: {
      text: `select ${selected} from ${source.relation} s where ${where} ${order}`,
      parameters: parameters.values,
    },
    decode: (values: readonly unknown[]) =>
      Object.fromEntries(columns.map((column, index) => [column.key, column.decode(values[index])])),
  });
}

/** Documents with their texts: each is read when its turn comes. */
class ContentReader implements SourceReader<Row> {
  readonly #place: ContentPlace;
  readonly #documents: SourceReader<Row>;

  constructor(place: ContentPlace, documents: SourceReader<Row>) {
    this.#place = place;
    this.#documents = documents;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row> {
    for await (const row of this.#documents) yield { ...row, content: await readContent(this.#place, row) };
  }

  async rows(): Promise<readonly Row[]> {
    return withContents(this.#place, await this.#documents.rows());
  }

  count(): Promise<number> {
    return this.#documents.count();
  }

  async *batches(size: number): AsyncGenerator<readonly Row[]> {
    for await (const batch of this.#documents.batches(size)) yield await withContents(this.#place, batch);
  }
}
