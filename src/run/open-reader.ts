import { type Database, quoteName } from "../database/connect.ts";
import { TableReader } from "../table/read/table-reader.ts";
import type { BoundSource } from "../sources/bind-source.ts";
import { conditionsSql } from "../sources/conditions.ts";
import { Parameters } from "../database/sql-text.ts";

/** A lazy reader of what a source of the model `reader` selects, in the order of its primary key. */
export function openReader(
  database: Database,
  source: BoundSource,
  reader: string,
): TableReader<Record<string, unknown>> {
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
