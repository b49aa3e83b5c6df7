import type { PgArray, PgColumn } from "drizzle-orm/pg-core";
import { quoteName } from "../../database/connect.ts";
import { enumOf } from "../column-enum.ts";

/** A column's type as written in DDL; an enum's name may need quotes that Drizzle does not add. */
export function typeSql(column: PgColumn): string {
  if (column.columnType === "PgArray") return `${typeSql((column as PgArray<never, never>).baseColumn)}[]`;
  const type = enumOf(column);
  return type === undefined ? column.getSQLType() : quoteName(type.name);
}

const FULL_NAMES: Readonly<Record<string, string>> = {
  bigserial: "bigint",
  bool: "boolean",
  char: "character",
  decimal: "numeric",
  float4: "real",
  float8: "double precision",
  int: "integer",
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  serial: "integer",
  smallserial: "smallint",
  time: "time without time zone",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
  timetz: "time with time zone",
  varbit: "bit varying",
  varchar: "character varying",
};

/** The one spelling of a type that Postgres' `format_type` uses. */
export function normalizeType(sqlType: string): string {
  const isArray = /\[\d*\]$/.test(sqlType.trim());
  // Dimensions and lengths of an array are no part of its type.
  const element = sqlType
    .trim()
    .replace(/(\s*\[\d*\])+$/, "")
    .replaceAll('"', "")
    .toLowerCase();
  const [, word = element, modifier = "", rest = ""] =
    /^([a-z_][\w.]*(?: precision| varying)?)\s*(\([^)]*\))?\s*(.*)$/.exec(element) ?? [];
  const sizes = modifier.replaceAll(" ", "");
  const full = FULL_NAMES[word] ?? word;
  const sized = `${full}${sizes}`;
  const [base = full, ...zone] = full.split(/ (?=with)/);
  const isTime = base === "time" || base === "timestamp";
  const type = isTime
    ? `${base}${sizes} ${rest === "" ? (zone[0] ?? "without time zone") : rest}`
    : `${sized}${rest === "" ? "" : ` ${rest}`}`;
  const complete = type === "character" ? "character(1)" : type.replace(/^numeric\((\d+)\)$/, "numeric($1,0)");
  return isArray ? `${complete}[]` : complete;
}

const INTEGERS = ["smallint", "integer", "bigint"];

/** True when every value of the one type is the same value in the other. */
export function isWidening(from: string, to: string): boolean {
  if (INTEGERS.includes(from) && INTEGERS.includes(to)) return INTEGERS.indexOf(from) < INTEGERS.indexOf(to);
  const text = /^character varying(?:\((\d+)\))?$/;
  const [oldText, newText] = [text.exec(from), text.exec(to)];
  if (oldText !== null && (to === "text" || to === "character varying")) return true;
  if (oldText?.[1] !== undefined && newText?.[1] !== undefined) return Number(newText[1]) > Number(oldText[1]);
  const numeric = /^numeric\((\d+),(-?\d+)\)$/;
  const [oldNumeric, newNumeric] = [numeric.exec(from), numeric.exec(to)];
  return (
    oldNumeric !== null &&
    newNumeric !== null &&
    oldNumeric[2] === newNumeric[2] &&
    Number(newNumeric[1]) > Number(oldNumeric[1])
  );
}
