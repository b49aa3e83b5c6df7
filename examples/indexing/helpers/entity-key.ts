import { createHash } from "node:crypto";

// Codes and addresses are what they are; only names are spelled in several ways.
export const EXACT_TYPES: ReadonlySet<string> = new Set(["code", "resource"]);
const LEGAL_FORM = /(?: (?:inc|incorporated|ltd|limited|llc|gmbh|ag|bv|plc|corp|corporation|co))+$/;
const VERSION = /(?: v?\d+)+$/;

/** Equal for spellings of one name: case, blanks, punctuation, accents written apart and plurals do not count; the type does. */
export function clusterKey(name: string, entityType: string): string {
  if (EXACT_TYPES.has(entityType)) return `${entityType}:${name.replace(/\(\)$/, "")}`;
  return `${entityType}:${words(name).map(singular).join("") || name}`;
}

/** Equal for names of one thing: beyond spelling, a leading article, a legal form and a version do not count. */
export function entityKey(name: string, entityType: string): string {
  const plain = words(name)
    .join(" ")
    .replace(/^(?:the|a|an) (?=.)/, "")
    .replace(LEGAL_FORM, "");
  const core = entityType === "product" || entityType === "technology" ? plain.replace(VERSION, "") : plain;
  return clusterKey(EXACT_TYPES.has(entityType) || core === "" ? name : core, entityType);
}

/** The id of a name, and of the entity that has it as canonical name: the same in every run and every database. */
export function entityIdOf(name: string, entityType: string): string {
  return shortHash(JSON.stringify([entityType, name]));
}

/** 16 hex digits of SHA-256. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/**
 * The shortest name; among equals the first by code points, so capitals win. How often a name is used does not count:
 * an id must not change because a document more uses another spelling.
 */
export function canonicalName(names: readonly string[]): string {
  const [best] = names.toSorted((a, b) => a.length - b.length || byCodePoint(a, b));
  return best ?? "";
}

/** Each value once, in the order of code points. */
export function distinct(values: Iterable<string>): string[] {
  return [...new Set(values)].toSorted(byCodePoint);
}

/** The order of Postgres' collation "C". JavaScript's own differs where one of two surrogates meets a unit above them. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x !== y) return placeOfUnit(x) - placeOfUnit(y);
  }
  return a.length - b.length;
}

const placeOfUnit = (unit: number) => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

export function words(name: string): string[] {
  const withoutPossessive = name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/['’]s(?!\p{L})/gu, "");
  return withoutPossessive.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

export function singular(word: string): string {
  if (word.length < 4 || /(?:ss|us|is|as|os)$/.test(word)) return word;
  return /(?:[^aeiou]ies)$/.test(word) ? `${word.slice(0, -3)}y` : word.replace(/s$/, "");
}
