import { ValueProblem } from "./value-problem.ts";
// TypeScript's es2023 library does not know this method; every supported Node has it.
const isWellFormed = (text: string) => (text as unknown as { isWellFormed(): boolean }).isWellFormed();

/** Counts the U+0000 that were taken out, which Postgres can store neither in text nor in jsonb. */
export interface NulCounter {
  removed: number;
}

/** Text as Postgres can store it. */
export function cleanText(text: string, nul: NulCounter): string {
  if (!isWellFormed(text)) {
    throw new ValueProblem(
      "contains half a character (a lone surrogate), which Postgres cannot store",
      "Cut strings at code points, or repair them with `text.toWellFormed()`.",
    );
  }
  return text.includes("\0") ? withoutNul(text, nul) : text;
}

function withoutNul(text: string, nul: NulCounter): string {
  const parts = text.split("\0");
  nul.removed += parts.length - 1;
  return parts.join("");
}
