import { is, SQL } from "drizzle-orm";
import { quoteName } from "../../database/connect.ts";
import type { ColumnShape, TableShape } from "../table-shape.ts";

/** A column that a model's rows fill: the data columns it may write, and the author's `error`. */
export interface WrittenColumn extends ColumnShape {
  /** SQL that fills the column where a row gives no value; undefined when that is settled before the database. */
  readonly databaseDefault: string | undefined;
  /** Name of the stage column that distinguishes a given null from no value; only where both are possible. */
  readonly givenColumn: string | undefined;
}

const known = new WeakMap<TableShape, readonly WrittenColumn[]>();

/** The columns of an encoded line, in its order. Generated and identity columns belong to the database. */
export function writtenColumns(shape: TableShape): readonly WrittenColumn[] {
  const found = known.get(shape);
  if (found !== undefined) return found;
  const columns = shape.columns.filter(isWritten).map((column, position): WrittenColumn => {
    const databaseDefault = databaseDefaultOf(column, shape);
    const givenColumn = databaseDefault === undefined || column.notNull ? undefined : `millrace_given_${position}`;
    return { ...column, databaseDefault, givenColumn };
  });
  known.set(shape, columns);
  return columns;
}

/** Names of a line's fields: the columns, then the marks of those where null and no value differ. */
export function lineColumns(shape: TableShape): readonly string[] {
  const columns = writtenColumns(shape);
  return [...columns.map((column) => column.name), ...columns.flatMap((column) => column.givenColumn ?? [])];
}

function isWritten({ column, isBase, key }: ColumnShape): boolean {
  if (isBase) return key === "error";
  return column.generated === undefined && column.generatedIdentity === undefined;
}

function databaseDefaultOf({ column, name, defaultSql }: ColumnShape, shape: TableShape): string | undefined {
  if (is(column.default, SQL)) return `(${defaultSql})`;
  if (!column.getSQLType().endsWith("serial")) return undefined;
  const table = quoteName(shape.name).replaceAll("'", "''");
  return `nextval(pg_get_serial_sequence('${table}', '${name.replaceAll("'", "''")}'))`;
}
