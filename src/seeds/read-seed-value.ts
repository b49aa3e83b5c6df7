import { JsonNumber, parseJson, withoutSpelling } from "../core/json.ts";
import type { ColumnShape } from "../table/table-shape.ts";

type Read = { readonly value: unknown } | { readonly problem: string };

const TRUE = new Set(["true", "t", "yes", "y", "1", "on"]);
const FALSE = new Set(["false", "f", "no", "n", "0", "off"]);

/** A field as a value of its column's type. Values other than text are kept: JSON has its own types. */
export function readSeedValue(field: unknown, { column }: ColumnShape): Read {
  if (field === null || field === undefined) return { value: null };
  if (column.dataType === "json" && typeof field !== "string") return { value: withoutSpelling(field) };
  // A number in JSON that a number of JavaScript cannot hold is read as its text, which is what CSV has.
  const given = field instanceof JsonNumber ? field.text : field;
  if (typeof given !== "string") return { value: given };
  const text = given.trim();
  if (/^Pg(?:Date|Timestamp)/.test(column.columnType)) return readDate(text, column.columnType.startsWith("PgDate"));
  switch (column.dataType) {
    case "number":
      return readNumber(text, column.columnType);
    case "bigint":
      return /^[+-]?\d+$/.test(text) ? { value: BigInt(text) } : { problem: "is not an integer" };
    case "boolean":
      if (TRUE.has(text.toLowerCase())) return { value: true };
      return FALSE.has(text.toLowerCase()) ? { value: false } : { problem: "is neither true nor false" };
    case "json":
      return readJson(given);
    default:
      return { value: given };
  }
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function readNumber(text: string, columnType: string): Read {
  if (!NUMBER.test(text) || !Number.isFinite(Number(text))) return { problem: "is not a number" };
  // Columns that hold more digits than a number of JavaScript get them as they are written.
  if (columnType.startsWith("PgNumeric")) return { value: text };
  return { value: columnType.startsWith("PgBig") && /^[+-]?\d+$/.test(text) ? BigInt(text) : Number(text) };
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** ISO 8601 and nothing else: what other spellings mean depends on who reads them. Without a zone it is UTC. */
function readDate(text: string, isDay: boolean): Read {
  const [, year = "", month = "", day = "", time, zone] = ISO.exec(text) ?? [];
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isReal = Number(year) > 0 && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!isReal) return { problem: "is not a date or time in ISO 8601, such as 2024-01-31 or 2024-01-31T10:00:00Z" };
  const written = `${year}-${month}-${day}`;
  if (time === undefined || (isDay && zone === undefined)) return { value: written };
  const moment = new Date(`${written}T${time}${zone === undefined ? "Z" : fullZone(zone)}`);
  if (Number.isNaN(moment.getTime())) return { problem: "has a time that does not exist" };
  if (isDay) return { value: moment.toISOString().slice(0, 10) };
  // The text of Date has three digits of a second; Postgres keeps six.
  const fraction = /\.\d+/.exec(time)?.[0] ?? "";
  return { value: `${moment.toISOString().slice(0, 19)}${fraction}Z` };
}

const fullZone = (zone: string) =>
  zone
    .toUpperCase()
    .replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours: string, minutes = "00") => `${hours}:${String(minutes)}`);

function readJson(text: string): Read {
  try {
    return { value: parseJson(text) };
  } catch {
    return { problem: "is not valid JSON" };
  }
}
