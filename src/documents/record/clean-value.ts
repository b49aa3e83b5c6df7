import { JsonNumber } from "../../core/json.ts";
import { storableText } from "../../core/text.ts";

const MAX_DEPTH = 64;

/** The value as JSON that Postgres accepts, or undefined when it is nested too deeply or refers to itself. */
export function cleanJson(value: unknown): unknown {
  return fits(value, MAX_DEPTH) ? cleaned(value) : undefined;
}

function fits(value: unknown, depth: number): boolean {
  if (value === null || typeof value !== "object") return true;
  return depth > 0 && Object.values(value).every((member) => fits(member, depth - 1));
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (value === null || value === undefined) return null;
  if (typeof value !== "object" || value instanceof JsonNumber) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [storableText(key), cleaned(member)]));
}

/** One line of at most 300 characters, or null when nothing is left. */
export function tidyTitle(text: string): string | null {
  const line = text.slice(0, 2_000).replace(/\s+/g, " ").trim();
  return storableText(line.slice(0, 300)).trimEnd() || null;
}
