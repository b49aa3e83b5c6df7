import type { PgArray, PgColumn } from "drizzle-orm/pg-core";
import { parseArray } from "../../database/parse-array.ts";
import { UnheldTime } from "../unheld-time.ts";
import type { ColumnShape } from "../table-shape.ts";

/** Turns the values of one result row, in the order of the select list, into an object. */
export type RowDecoder<Row> = (values: readonly unknown[], names: readonly string[]) => Row;

/** Rows of a declared table: camelCase keys, values as Drizzle's columns give them. */
export function createRowDecoder<Row = Record<string, unknown>>(columns: readonly ColumnShape[]): RowDecoder<Row> {
  const keys = columns.map((column) => column.key);
  const decoders = columns.map((column) => createValueDecoder(column.column));
  return (values) => {
    const row: Record<string, unknown> = {};
    for (let index = 0; index < keys.length; index += 1) {
      const value = values[index];
      row[keys[index] as string] = value === null ? null : (decoders[index] as (value: unknown) => unknown)(value);
    }
    return row as Row;
  };
}

/** Rows of a table known only by name: keys and values as the database gives them. */
export function decodeByName(values: readonly unknown[], names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}

/** Turns the driver's value of a column, never null, into the one a model sees. */
export function createValueDecoder(column: PgColumn): (value: unknown) => unknown {
  switch (column.columnType) {
    case "PgText":
    case "PgVarchar":
    case "PgInteger":
    case "PgBoolean":
      return (value) => value;
    // The driver has parsed JSON already; Drizzle would parse a JSON string a second time.
    case "PgJson":
    case "PgJsonb":
      return (value) => value;
    case "PgTimestamp":
    case "PgDate":
      return (value) => (typeof value === "string" ? parseTime(value) : value);
    case "PgArray": {
      const decode = createValueDecoder((column as PgArray<never, never>).baseColumn);
      return (value) => {
        const list = typeof value === "string" ? parseArray(value) : (value as readonly unknown[]);
        return list.map((element) => (element === null ? null : decode(element)));
      };
    }
    default:
      return (value) => column.mapFromDriverValue(value);
  }
}

const TIME =
  /^(\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?)?( BC)?$/;

// `new Date(text)` does not support "BC" or years past 9999.
function parseTime(text: string): Date {
  const parts = TIME.exec(text);
  if (parts === null) return new UnheldTime(text);
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = "0", sign, ...offset] = parts;
  const [offsetHours = 0, offsetMinutes = 0, offsetSeconds = 0] = offset.slice(0, 3);
  const offsetMs = (Number(offsetHours) * 3_600 + Number(offsetMinutes) * 60 + Number(offsetSeconds)) * 1_000;
  const time = new Date(0);
  time.setUTCFullYear(parts[12] === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day));
  time.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, "0").slice(0, 3)));
  if (offsetMs !== 0) time.setTime(time.getTime() - (sign === "-" ? -offsetMs : offsetMs));
  return Number.isNaN(time.getTime()) ? new UnheldTime(text) : time;
}
