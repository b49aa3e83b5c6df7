import { type PgArray, type PgColumn, PgEnumColumn } from "drizzle-orm/pg-core";
import type { z } from "zod";
import { cleanText, type NulCounter, ValueProblem } from "./clean-text.ts";
import { checkSchema, encodeJson } from "./encode-json.ts";
import { floatEncoder, integerEncoder, numericEncoder } from "./encode-number.ts";
import { describeType, encodeDay, encodeTimestamp } from "./encode-time.ts";

/** Turns one value, never null, into the text that Postgres reads for the column's type. */
export type ValueEncoder = (value: unknown) => string;

const UUID = /^\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i;

/** The encoder of a column's type; types without one of their own go through Drizzle's `mapToDriverValue`. */
export function createValueEncoder(column: PgColumn, nul: NulCounter): ValueEncoder {
  const sqlType = column.getSQLType();
  switch (column.columnType) {
    case "PgText":
    case "PgVarchar":
    case "PgChar":
      return textEncoder(column, nul);
    case "PgEnumColumn":
    case "PgEnumObjectColumn":
      return textEncoder(column, nul);
    case "PgUUID":
      return patternEncoder(UUID, "a UUID");
    case "PgSmallInt":
    case "PgSmallSerial":
      return integerEncoder("smallint");
    case "PgInteger":
    case "PgSerial":
      return integerEncoder("integer");
    case "PgBigInt53":
    case "PgBigInt64":
    case "PgBigSerial53":
    case "PgBigSerial64":
      return integerEncoder("bigint");
    case "PgReal":
      return floatEncoder("real");
    case "PgDoublePrecision":
      return floatEncoder("double precision");
    case "PgNumeric":
    case "PgNumericNumber":
    case "PgNumericBigInt":
      return numericEncoder(sqlType);
    case "PgBoolean":
      return encodeBoolean;
    case "PgTimestamp":
    case "PgTimestampString":
      return encodeTimestamp;
    case "PgDate":
    case "PgDateString":
      return encodeDay;
    case "PgJson":
    case "PgJsonb":
      return jsonEncoder(column, nul);
    case "PgArray":
      return arrayEncoder(column as PgArray<never, never>, nul);
    default:
      return (value) => driverText(column.mapToDriverValue(value), sqlType, nul);
  }
}

function textEncoder(column: PgColumn, nul: NulCounter): ValueEncoder {
  const { enumValues } = column;
  const allowed = enumValues === undefined || enumValues.length === 0 ? undefined : new Set(enumValues);
  const most = column.columnType === "PgText" ? undefined : (column as unknown as { length?: number }).length;
  return (value) => {
    if (typeof value !== "string") throw new ValueProblem(`must be a string, not ${describeType(value)}`);
    if (allowed !== undefined && !allowed.has(value)) {
      const list = [...allowed]
        .slice(0, 10)
        .map((each) => `"${each}"`)
        .join(", ");
      throw new ValueProblem(
        `must be one of ${list}`,
        column instanceof PgEnumColumn ? "Fix the value, or add it to the enum." : undefined,
      );
    }
    const text = cleanText(value, nul);
    if (most !== undefined && text.length > most && Array.from(text).length > most) {
      throw new ValueProblem(
        `is longer than its ${most} characters`,
        "Shorten the text, or declare the column as text().",
      );
    }
    return text;
  };
}

function patternEncoder(pattern: RegExp, wanted: string): ValueEncoder {
  return (value) => {
    if (typeof value !== "string" || !pattern.test(value)) throw new ValueProblem(`must be ${wanted}`);
    return value;
  };
}

function encodeBoolean(value: unknown): string {
  if (typeof value !== "boolean") throw new ValueProblem(`must be true or false, not ${describeType(value)}`);
  return value ? "t" : "f";
}

function jsonEncoder(column: PgColumn, nul: NulCounter): ValueEncoder {
  const schema = (column as unknown as { config: { valueSchema?: z.ZodType } }).config.valueSchema;
  if (schema === undefined) return (value) => encodeJson(value, nul);
  return (value) => {
    checkSchema(schema, value);
    return encodeJson(value, nul);
  };
}

function arrayEncoder(column: PgArray<never, never>, nul: NulCounter): ValueEncoder {
  const base = column.baseColumn;
  const encodeElement = createValueEncoder(base, nul);
  const isNested = base.columnType === "PgArray";
  return (value) => {
    if (!Array.isArray(value)) throw new ValueProblem(`must be an array, not ${describeType(value)}`);
    const elements = value.map((element: unknown) => {
      if (element === null || element === undefined) return "NULL";
      const text = encodeElement(element);
      return isNested ? text : quoteElement(text);
    });
    if (isNested && new Set(value.map((inner: unknown[]) => inner?.length)).size > 1) {
      throw new ValueProblem(
        "has inner arrays of different lengths",
        "Postgres arrays must be rectangular; use jsonb for others.",
      );
    }
    return `{${elements.join(",")}}`;
  };
}

const quoteElement = (text: string) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

// What a custom type (customType, vector, inet …) hands to a driver, in the text form Postgres reads.
function driverText(value: unknown, sqlType: string, nul: NulCounter): string {
  if (typeof value === "string") return cleanText(value, nul);
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return encodeTimestamp(value);
  if (value instanceof Uint8Array)
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  if (Array.isArray(value) && sqlType.endsWith("]")) {
    return `{${value.map((each: unknown) => (each === null ? "NULL" : quoteElement(driverText(each, "", nul)))).join(",")}}`;
  }
  if (typeof value === "object" && value !== null) return encodeJson(value, nul);
  throw new ValueProblem(`must be a value of type ${sqlType}, not ${describeType(value)}`);
}
