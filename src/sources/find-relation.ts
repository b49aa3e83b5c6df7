import { type Database, quoteName } from "../database/connect.ts";

export interface ExistingTable {
  readonly columns: readonly { readonly name: string; readonly sqlType: string; readonly notNull: boolean }[];
  readonly primaryKey: readonly string[];
}

/** A table or view of the search path as the database describes it; undefined when there is none. */
export async function findTable(database: Database, name: string): Promise<ExistingTable | undefined> {
  const columns = await database.query<{
    name: string;
    sql_type: string;
    not_null: boolean;
    key_position: number | null;
  }>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as sql_type, a.attnotnull as not_null,
       array_position(i.indkey::int2[], a.attnum) as key_position
     from pg_attribute a
     left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
     where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
     order by a.attnum`,
    [quoteName(name)],
  );
  if (columns.length === 0) return undefined;
  const keyed = columns.filter((column) => column.key_position !== null);
  return {
    columns: columns.map((column) => ({ name: column.name, sqlType: column.sql_type, notNull: column.not_null })),
    primaryKey: keyed.toSorted((a, b) => (a.key_position ?? 0) - (b.key_position ?? 0)).map((column) => column.name),
  };
}
