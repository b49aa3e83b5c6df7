import { closest, distance } from "fastest-levenshtein";

/** `" Did you mean \"x\"?"` when a known name is near, otherwise the empty string. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const nearest = closest(name, known);
  const isNear = distance(name, nearest) <= Math.max(2, Math.floor(name.length / 3));
  return isNear ? ` Did you mean "${nearest}"?` : "";
}

/** Known names that are similar, the most similar first; those that contain the name count as similar. */
export function nearestNames(name: string, known: readonly string[], most = 3): readonly string[] {
  const furthest = Math.max(2, Math.floor(name.length / 3));
  return [...new Set(known)]
    .map((each) => ({ each, steps: name.length > 2 && each.includes(name) ? 1 : distance(name, each) }))
    .filter(({ steps }) => steps <= furthest)
    .toSorted((a, b) => a.steps - b.steps)
    .slice(0, most)
    .map(({ each }) => each);
}

// Postgres stores neither U+0000 nor halves of surrogate pairs. U+FFFD in their place is what CommonMark
// and HTML prescribe, and it keeps every offset where it was.
const UNSTORABLE = /\0|\p{Surrogate}/gu;

/** Text that Postgres can store: with U+FFFD in place of what it cannot. */
export function storableText(text: string): string {
  return text.replace(UNSTORABLE, "\uFFFD");
}

/** `1 document`, `2 documents`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? noun : nouns}`;
}

/** `"a", "b" and 3 more`: a list short enough for one line of an error. */
export function quoteList(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map((name) => `"${name}"`);
  const hidden = names.length - shown.length;
  return hidden > 0 ? `${shown.join(", ")} and ${hidden} more` : shown.join(", ");
}

/** `documentId` → `document_id`, the column name of a TypeScript key. */
export function snakeCase(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}
