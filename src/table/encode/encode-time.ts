import { JsonNumber } from "../../core/json.ts";
import { UnheldTime } from "../unheld-time.ts";
import { ValueProblem } from "./clean-text.ts";

const FIRST_YEAR = -4712;
const ISO_TIME =
  /^([+-]?\d{4,6})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?\s?(Z|[+-]\d\d(?::?\d\d){0,2})?)?( BC)?$/i;

/** A `timestamp` or `timestamptz` value: a Date, or ISO text of any precision. */
export function encodeTimestamp(value: unknown): string {
  if (value instanceof UnheldTime) return value.text;
  if (value instanceof Date) return dateText(value, isoOf(value));
  return isoText(value, "a Date or a time in ISO 8601");
}

/** A `date` value: a Date (its day in UTC), or ISO text. */
export function encodeDay(value: unknown): string {
  if (value instanceof UnheldTime) return value.text;
  if (value instanceof Date) return dateText(value, isoOf(value).slice(0, -14));
  return isoText(value, "a Date or a day in ISO 8601");
}

const DAY_MS = 86_400_000;
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"));
const threeDigits = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, "0"));
let lastDay = Number.NaN;
let lastDayText = "";

// Does what toISOString does. Times of one table tend to be of one day, whose text need not be made again.
function isoOf(value: Date): string {
  const time = value.getTime();
  if (Number.isNaN(time)) throw new ValueProblem("is not a valid Date");
  const day = Math.floor(time / DAY_MS);
  if (day !== lastDay) {
    lastDay = day;
    lastDayText = value.toISOString().slice(0, -"00:00:00.000Z".length);
  }
  const ms = time - day * DAY_MS;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  return `${lastDayText}${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}.${threeDigits[ms % 1_000]}Z`;
}

// ISO counts years below 1 and writes six digits past 9999; Postgres wants plain years and "BC".
function dateText(value: Date, iso: string): string {
  const year = value.getUTCFullYear();
  if (year >= 1 && year <= 9999) return iso;
  if (year < FIRST_YEAR) throw new ValueProblem("is before 4713 BC, the first year of Postgres");
  const rest = iso.slice(iso.indexOf("-", 1)).replace("Z", "+00");
  return year > 9999 ? `${year}${rest}` : `${String(1 - year).padStart(4, "0")}${rest} BC`;
}

function isoText(value: unknown, wanted: string): string {
  if (typeof value !== "string") throw new ValueProblem(`must be ${wanted}, not ${describeType(value)}`);
  if (value === "infinity" || value === "-infinity") return value;
  const parts = ISO_TIME.exec(value);
  if (parts === null || !isReal(parts))
    throw new ValueProblem(`must be ${wanted}`, "Write for example 2026-01-31T10:00:00.123456Z.");
  return value;
}

function isReal([, year = "", month, day, hour = "0", minute = "0", second = "0"]: RegExpExecArray): boolean {
  if (year.startsWith("-") || Number(year) === 0 || Number(year) > 294_276) return false;
  const lastDay = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate();
  const isDay = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= lastDay;
  return isDay && Number(hour) <= 23 && Number(minute) <= 59 && Number(second) <= 59;
}

/** The kind of a value, for messages that must not show the value. */
export function describeType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a Date";
  if (value instanceof JsonNumber) return "a number";
  const type = typeof value;
  return type === "object" || type === "undefined" ? (type === "object" ? "an object" : type) : `a ${type}`;
}
