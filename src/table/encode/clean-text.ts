// TypeScript's es2023 library does not know this method; every supported Node has it.
const isWellFormed = (text: string) => (text as unknown as { isWellFormed(): boolean }).isWellFormed();

/** What is wrong with one value; the row encoder adds table and column. Never holds the value itself. */
export class ValueProblem extends Error {
  readonly hint: string | undefined;

  constructor(reason: string, hint?: string) {
    super(reason);
    this.hint = hint;
  }
}

/** Counts the U+0000 that were removed, since Postgres cannot store them in text or jsonb. */
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

/** A value as one field of a `COPY` line in text format. */
export function copyField(text: string): string {
  let field = text.includes("\\") ? text.replaceAll("\\", "\\\\") : text;
  if (field.includes("\n")) field = field.replaceAll("\n", "\\n");
  if (field.includes("\t")) field = field.replaceAll("\t", "\\t");
  return field.includes("\r") ? field.replaceAll("\r", "\\r") : field;
}

/** JSON text as a field: its control characters are escaped already. */
export function copyJsonField(json: string): string {
  return json.includes("\\") ? json.replaceAll("\\", "\\\\") : json;
}

/** SQL NULL as a field of a `COPY` line. */
export const NULL_FIELD = "\\N";
