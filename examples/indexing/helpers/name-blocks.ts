import { distinct, entityKey, singular, words } from "./entity-key.ts";

const MAX_WORDS = 4;
const PREFIX = 4;

/** The block of names that are spelled alike; no embedding is needed to see that they belong together. */
export function spellingBlock(name: string, entityType: string): string {
  return `=${entityKey(name, entityType)}`;
}

/** Whether a block is one of names that are spelled alike. */
export const isSpellingBlock = (block: string) => block.startsWith("=");

/**
 * Blocks of names that may be near each other: the beginnings of their longest words, and the initials, under which
 * an abbreviation meets what it stands for. Names that share no block are never compared.
 */
export function wordBlocks(name: string): string[] {
  const parts = words(name);
  const longest = parts
    .filter((word) => word.length >= 3)
    .toSorted((a, b) => b.length - a.length)
    .slice(0, MAX_WORDS)
    .map((word) => Array.from(singular(word)).slice(0, PREFIX).join(""));
  const initials = parts.length > 1 ? parts.map((word) => Array.from(word)[0]).join("") : undefined;
  const abbreviation = /^\p{Lu}{2,6}$/u.test(name) ? name.toLowerCase() : undefined;
  return distinct([...longest, ...[initials, abbreviation].flatMap((key) => (key === undefined ? [] : [`~${key}`]))]);
}
