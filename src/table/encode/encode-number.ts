import { JsonNumber } from "../../core/json.ts";
import { ValueProblem } from "./clean-text.ts";
import { describeType } from "./encode-time.ts";

const INTEGER_LIMITS = { smallint: 2n ** 15n, integer: 2n ** 31n, bigint: 2n ** 63n } as const;

/** Whole numbers: a number or a bigint that fits the column. */
export function integerEncoder(type: keyof typeof INTEGER_LIMITS): (value: unknown) => string {
  const limit = INTEGER_LIMITS[type];
  const most = type === "bigint" ? Number.MAX_SAFE_INTEGER : Number(limit) - 1;
  const least = type === "bigint" ? Number.MIN_SAFE_INTEGER : -Number(limit);
  return (given) => {
    const value = given instanceof JsonNumber && /^-?\d+$/.test(given.text) ? BigInt(given.text) : given;
    if (typeof value === "number") {
      if (!Number.isInteger(value)) throw new ValueProblem("must be an integer");
      if (value >= least && value <= most) return String(value);
      if (type === "bigint") throw new ValueProblem("is beyond 2^53, so it has lost digits", "Use a bigint.");
    } else if (typeof value === "bigint") {
      if (value >= -limit && value < limit) return String(value);
    } else {
      throw new ValueProblem(`must be an integer, not ${describeType(value)}`);
    }
    throw new ValueProblem(`does not fit ${type}`, "Declare the column with a larger type.");
  };
}

/** Floating point numbers; NaN, Infinity and -0 are values like others. */
export function floatEncoder(type: "real" | "double precision"): (value: unknown) => string {
  return (given) => {
    if (typeof given === "bigint") return String(given);
    const value = given instanceof JsonNumber ? Number(given.text) : given;
    if (typeof value !== "number") throw new ValueProblem(`must be a number, not ${describeType(value)}`);
    if (type === "real" && Number.isFinite(value)) {
      const rounded = Math.fround(value);
      if (!Number.isFinite(rounded) || (rounded === 0 && value !== 0))
        throw new ValueProblem("does not fit real", "Use doublePrecision.");
    }
    return Object.is(value, -0) ? "-0" : String(value);
  };
}

const NUMERIC = /^\s*[+-]?(\d*)\.?\d*(?:e([+-]?\d+))?\s*$/i;
const SPECIAL_NUMERIC = /^\s*[+-]?(?:nan|infinity|inf)\s*$/i;

/** Decimal numbers of any length, as text, number or bigint. */
export function numericEncoder(sqlType: string): (value: unknown) => string {
  const [, precision, scale] = /\((\d+)(?:, ?(-?\d+))?\)/.exec(sqlType) ?? [];
  const wholeDigits = precision === undefined ? undefined : Number(precision) - Number(scale ?? 0);
  return (value) => {
    const isNumber = typeof value === "number" || typeof value === "bigint" || value instanceof JsonNumber;
    if (typeof value !== "string" && !isNumber) {
      throw new ValueProblem(`must be a decimal number, not ${describeType(value)}`);
    }
    const text = String(value);
    if (SPECIAL_NUMERIC.test(text)) {
      if (wholeDigits === undefined || /nan/i.test(text)) return text;
      throw new ValueProblem(`is infinite, which ${sqlType} cannot store`);
    }
    const [, whole = "", exponent = "0"] = NUMERIC.exec(text) ?? throwNotNumeric();
    if (!/\d/.test(text)) throwNotNumeric();
    if (wholeDigits !== undefined && whole.replace(/^0+/, "").length + Number(exponent) > wholeDigits) {
      throw new ValueProblem(`does not fit ${sqlType}`, "Declare the column with more digits.");
    }
    return text;
  };
}

function throwNotNumeric(): never {
  throw new ValueProblem("must be a decimal number");
}
