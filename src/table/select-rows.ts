import { MillraceError } from "../core/errors.ts";
import { didYouMean } from "../core/text.ts";
import { type Database, quoteName } from "../database/connect.ts";
import { createRowDecoder, decodeByName, type RowDecoder } from "./decode-row.ts";
import type { ReadQuery } from "./open-cursor.ts";
import { dataColumns, type TableShape } from "./table-shape.ts";

/** A table as a read sees it: its name in SQL and its columns. */
export interface ReadableTable {
  readonly name: string;
  readonly columns: readonly ReadableColumn[];
  readonly decoder: (columns: readonly ReadableColumn[]) => RowDecoder<Record<string, unknown>>;
}

export interface ReadableColumn {
  /** How rows and conditions call it. */
  readonly key: string;
  readonly name: string;
  readonly sqlType: string;
  /** False for a column that is read only when it is asked for. */
  readonly isRead: boolean;
  readonly encode: (value: unknown) => unknown;
}

export interface SelectOptions {
  readonly table: ReadableTable;
  readonly columns?: readonly string[] | undefined;
  /** Values by column key: a scalar, null, or a list of both. An empty list selects nothing. */
  readonly where?: Readonly<Record<string, unknown>> | undefined;
  readonly orderBy?: readonly string[] | undefined;
  /** The model that asks; errors name it. */
  readonly reader: string;
}

/** A read of one table; every value is a parameter. */
export function selectRows({
  table,
  columns,
  where = {},
  orderBy = [],
  reader,
}: SelectOptions): ReadQuery & { readonly columns: readonly ReadableColumn[] } {
  const find = (key: string) => findColumn(table, key, reader);
  const selected = columns === undefined ? table.columns.filter((column) => column.isRead) : columns.map(find);
  const parameters: unknown[] = [];
  const add = (value: unknown) => `$${parameters.push(value)}`;
  const conditions = Object.entries(where).map(([key, value]) => condition(find(key), value, add));
  const clauses = [
    `select ${selected.map((column) => quoteName(column.name)).join(", ")} from ${quoteName(table.name)}`,
    conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`,
    orderBy.length === 0 ? "" : `order by ${orderBy.map((key) => quoteName(find(key).name)).join(", ")}`,
  ];
  return { text: clauses.filter((clause) => clause !== "").join(" "), parameters, columns: selected };
}

function condition(column: ReadableColumn, value: unknown, add: (value: unknown) => string): string {
  const name = quoteName(column.name);
  if (value === undefined) {
    throw new MillraceError("WHERE_UNDEFINED", `The condition on column "${column.key}" is undefined.`, {
      hint: "Give a value, a list or null. An empty list selects nothing; leave the column out to select everything.",
    });
  }
  if (value === null) return `${name} is null`;
  if (!Array.isArray(value)) return `${name} = ${add(column.encode(value))}::${column.sqlType}`;
  const listed = value.filter((each: unknown) => each !== null).map((each: unknown) => column.encode(each));
  const isListed = `${name} = any(${add(listed)}::${column.sqlType}[])`;
  return listed.length < value.length ? `(${name} is null or ${isListed})` : isListed;
}

function findColumn(table: ReadableTable, key: string, reader: string): ReadableColumn {
  const found =
    table.columns.find((column) => column.key === key) ?? table.columns.find((column) => column.name === key);
  if (found !== undefined) return found;
  const keys = table.columns.map((column) => column.key);
  throw new MillraceError(
    "COLUMN_NOT_FOUND",
    `Model "${reader}" reads column "${key}" of table "${table.name}", which does not have it.${didYouMean(key, keys)}`,
    {
      hint: "Correct the column's name in the model's sources.",
      details: { reader, table: table.name, column: key },
    },
  );
}

/** A declared table: rows have its TypeScript keys; base columns are read when they are asked for. */
export function readableShape(shape: TableShape): ReadableTable {
  const data = new Set(dataColumns(shape));
  const columns = shape.columns.map((column) => ({
    key: column.key,
    name: column.name,
    // A serial column holds an integer; only its declaration has another word for it.
    sqlType: column.sqlType.replace(
      /^(small|big)?serial$/,
      (_, size: string | undefined) => ({ small: "smallint", big: "bigint" })[size ?? ""] ?? "integer",
    ),
    isRead: data.has(column),
    encode: (value: unknown) => column.column.mapToDriverValue(value),
  }));
  const decoder = (read: readonly ReadableColumn[]) =>
    createRowDecoder(
      read
        .map((column) => shape.columns.find((each) => each.name === column.name))
        .filter((column) => column !== undefined),
    );
  return { name: shape.name, columns, decoder };
}

/** A table known only by its name, as the database describes it. */
export async function readableTable(database: Database, name: string, reader: string): Promise<ReadableTable> {
  const rows = await database.query<{ name: string; sql_type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as sql_type from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [quoteName(name)],
  );
  if (rows.length === 0) {
    const others = await database.query<{ name: string }>(
      "select relname as name from pg_class where pg_table_is_visible(oid) and relkind in ('r', 'v', 'm', 'p', 'f') and relnamespace <> 'pg_catalog'::regnamespace",
    );
    throw new MillraceError(
      "TABLE_NOT_FOUND",
      `Model "${reader}" reads table "${name}", which is not in the database.${didYouMean(
        name,
        others.map((other) => other.name),
      )}`,
      {
        hint: "Correct the name, or run what fills the table first.",
        details: { reader, table: name },
      },
    );
  }
  const columns = rows.map((row) => ({
    key: row.name,
    name: row.name,
    sqlType: row.sql_type,
    isRead: true,
    encode: (value: unknown) => value,
  }));
  return { name, columns, decoder: () => decodeByName };
}
