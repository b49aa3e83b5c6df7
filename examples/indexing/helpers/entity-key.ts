import { createHash } from "node:crypto";
import type { EntityType } from "./extraction.ts";

// Codes and addresses are what they are; only names are spelled in several ways.
const EXACT_TYPES: ReadonlySet<EntityType> = new Set(["code", "resource"]);
const LEGAL_FORM = /(?: (?:inc|incorporated|ltd|limited|llc|gmbh|ag|bv|plc|corp|corporation|co))+$/;
const VERSION = /(?: v?\d+)+$/;

/** Equal for spellings of one name: case, blanks, punctuation, accents written apart and plurals do not count; the type does. */
export function clusterKey(name: string, entityType: EntityType): string {
  if (EXACT_TYPES.has(entityType)) return `${entityType}:${name.replace(/\(\)$/, "")}`;
  return `${entityType}:${words(name).map(singular).join("") || name}`;
}

/** Equal for names of one thing: beyond spelling, a leading article, a legal form and a version do not count. */
export function entityKey(name: string, entityType: EntityType): string {
  const plain = words(name)
    .join(" ")
    .replace(/^(?:the|a|an) (?=.)/, "")
    .replace(LEGAL_FORM, "");
  const core = entityType === "product" || entityType === "technology" ? plain.replace(VERSION, "") : plain;
  return clusterKey(EXACT_TYPES.has(entityType) || core === "" ? name : core, entityType);
}

/** The same in every run and every database. */
export function entityId(name: string, entityType: EntityType): string {
  return shortHash(entityKey(name, entityType));
}

/** 16 hex digits of SHA-256. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

export interface SurfaceForm {
  readonly name: string;
  readonly count: number;
}

/** The most frequent spelling; among equals the shortest, then the first by code points. */
export function canonicalName(forms: readonly SurfaceForm[]): string {
  const [best] = forms.toSorted(
    (a, b) => b.count - a.count || a.name.length - b.name.length || byCodePoint(a.name, b.name),
  );
  return best?.name ?? "";
}

/** Counts spellings; the result is sorted, so that it does not depend on the order of the input. */
export function countForms(forms: readonly SurfaceForm[]): SurfaceForm[] {
  const counts = new Map<string, number>();
  for (const { name, count } of forms) counts.set(name, (counts.get(name) ?? 0) + count);
  return Array.from(counts, ([name, count]) => ({ name, count })).toSorted((a, b) => byCodePoint(a.name, b.name));
}

/** Each value once, in the order of code points. */
export function distinct(values: Iterable<string>): string[] {
  return [...new Set(values)].toSorted(byCodePoint);
}

export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function words(name: string): string[] {
  const withoutPossessive = name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/['’]s(?!\p{L})/gu, "");
  return withoutPossessive.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

function singular(word: string): string {
  if (word.length < 4 || /(?:ss|us|is|as|os)$/.test(word)) return word;
  return /(?:[^aeiou]ies)$/.test(word) ? `${word.slice(0, -3)}y` : word.replace(/s$/, "");
}
