import { randomUUID } from "node:crypto";
import { storableText } from "./text.ts";

/**
 * A number of a JSON text that JavaScript's numbers cannot hold, such as 9007199254740993. It calculates, compares and
 * prints as its digits do, and is written to a JSON column as the number it is.
 */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  valueOf(): string {
    return this.text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return writesExactly ? MARK + this.text : this.text;
  }
}

// Marks numbers that pass through JSON.parse or JSON.stringify as strings. No input can guess it.
const MARK = `number ${randomUUID()} `;
const MARKED = new RegExp(`"${MARK}([^"]+)"`, "g");
let writesExactly = false;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Only a text with one of these can hold a number that loses digits. */
const LONG_NUMBER = /[\d.]{16}|\d[eE]/;
const ODD_NUMBER = /[\d.]{16}|\d[eE]|\.\d*0(?!\d)|-0(?!\.)/;

/** `JSON.parse` that loses no digits: what a JavaScript number cannot hold becomes a `JsonNumber`. */
export function parseJson(text: string): unknown {
  return LONG_NUMBER.test(text) ? parseMarked(text, isHeld) : (JSON.parse(text) as unknown);
}

/** Like `parseJson`, and numbers that JavaScript would write otherwise, as 1.10 and 1e3, keep their spelling too. */
export function parseJsonAsWritten(text: string): unknown {
  const isSame = (number: string) => String(Number(number)) === number;
  return ODD_NUMBER.test(text) ? parseMarked(text, isSame) : (JSON.parse(text) as unknown);
}

/** A value of `parseJsonAsWritten` as `parseJson` gives it. */
export function withoutSpelling(value: unknown): unknown {
  if (value instanceof JsonNumber) return isHeld(value.text) ? Number(value.text) : value;
  if (Array.isArray(value)) return value.map(withoutSpelling);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutSpelling(member)]));
}

/** `JSON.stringify` that writes every digit of bigints and `JsonNumber`s. */
export function exactJson(value: unknown, replace?: (member: unknown) => unknown): string {
  // For values that JSON cannot hold, JSON.stringify returns undefined, although its type does not say so.
  const json = stringify(value, replace) as string | undefined;
  return (json?.includes(MARK) ? json.replace(MARKED, "$1") : json) as string;
}

function stringify(value: unknown, replace?: (member: unknown) => unknown): string {
  const replacer = replace === undefined ? undefined : (_key: string, member: unknown) => replace(marked(member));
  writesExactly = true;
  try {
    return JSON.stringify(value, replacer);
  } catch (error) {
    // A replacer makes every value slower, so that only values with a bigint pay for it.
    if (replace !== undefined || !(error instanceof TypeError && /BigInt/.test(error.message))) throw error;
    return JSON.stringify(value, (_key, member: unknown) => marked(member));
  } finally {
    writesExactly = false;
  }
}

const marked = (member: unknown) => (typeof member === "bigint" ? `${MARK}${member}` : member);

/** JSON that Postgres can store, whatever the texts in it hold. */
export function storableJson(value: unknown): string {
  return exactJson(value, (member) => (typeof member === "string" ? storableText(member) : member));
}

/** JSON with sorted keys and without undefined members, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === "bigint") return member.toString();
    if (member === null || typeof member !== "object" || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A key that the object of a valid JSON text has twice, of which JSON.parse would drop the first. */
export function findRepeatedKey(json: string): string | undefined {
  const keys = new Set<string>();
  let depth = 0;
  for (const { between, string, end } of splitStrings(json)) {
    for (const [bracket] of between.matchAll(/[{}[\]]/g)) depth += bracket === "{" || bracket === "[" ? 1 : -1;
    if (depth !== 1 || !/^\s*:/.test(json.slice(end, end + 100))) continue;
    const key = JSON.parse(string) as string;
    if (keys.has(key)) return key;
    keys.add(key);
  }
  return undefined;
}

function parseMarked(text: string, mayStay: (number: string) => boolean): unknown {
  let marks = 0;
  const mark = (word: string) => {
    if (!NUMBER.test(word) || mayStay(word)) return word;
    marks += 1;
    return `"${MARK}${word}"`;
  };
  let json = "";
  for (const { between, string } of splitStrings(text)) json += between.replace(/[-+.\w]+/g, mark) + string;
  if (marks === 0) return JSON.parse(text) as unknown;
  return JSON.parse(json, (_key, member: unknown) =>
    typeof member === "string" && member.startsWith(MARK) ? new JsonNumber(member.slice(MARK.length)) : member,
  ) as unknown;
}

/** The strings of a JSON text, each with what stands before it; the last one is empty. */
function* splitStrings(json: string): Generator<{ between: string; string: string; end: number }> {
  for (let start = 0; start < json.length;) {
    const quote = json.indexOf('"', start);
    const end = quote === -1 ? json.length : endOfString(json, quote);
    const from = quote === -1 ? json.length : quote;
    yield { between: json.slice(start, from), string: json.slice(from, end), end };
    start = end;
  }
}

function endOfString(json: string, quote: number): number {
  for (let end = json.indexOf('"', quote + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  return json.length;
}

// 17 digits tell any two doubles apart: what is written with so many, as 0.10000000000000001, is a double's own text.
function isHeld(number: string): boolean {
  const value = Number(number);
  if (String(value) === number) return true;
  if (!Number.isFinite(value)) return false;
  const digits = decimal(number);
  return digits === decimal(String(value)) || digits === decimal(value.toPrecision(17));
}

/** One spelling for each decimal value: its digits without zeros at either end, and its exponent. */
function decimal(number: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${sign}${kept}e${Number(exponent) - fraction.length + (digits.length - kept.length)}`;
}
