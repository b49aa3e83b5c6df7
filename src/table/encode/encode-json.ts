import type { z } from "zod";
import { exactJson } from "../../core/json.ts";
import { type NulCounter, ValueProblem } from "./clean-text.ts";

/** A value as JSON text that Postgres accepts; numbers of any size keep all their digits. */
export function encodeJson(value: unknown, nul: NulCounter): string {
  const json = stringify(value);
  if (json === undefined) throw new ValueProblem(`is a ${typeof value}, which JSON cannot represent`);
  // JSON.stringify writes null for NaN; only a text with a null can hide one.
  if (json.includes("null")) refuseNonFinite(value);
  return json.includes("\\u") ? cleanEscapes(json, nul) : json;
}

/** Checks a value against the column's schema; the message names the place, not the value. */
export function checkSchema(schema: z.ZodType, value: unknown): void {
  const parsed = schema.safeParse(value);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  const path = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.map(String).join(".")}`;
  throw new ValueProblem(
    `does not match its schema${path}: ${issue?.message ?? "invalid"}`,
    "Return what the column's schema describes, or change the schema.",
  );
}

function stringify(value: unknown): string | undefined {
  try {
    return exactJson(value);
  } catch (error) {
    throw new ValueProblem(
      `cannot be written as JSON: ${error instanceof TypeError ? "it contains itself" : "its toJSON failed"}`,
    );
  }
}

function refuseNonFinite(value: unknown): void {
  if (typeof value === "number" && !Number.isFinite(value))
    throw new ValueProblem(
      "contains NaN or Infinity, which JSON cannot represent",
      "Use null, or leave the property out.",
    );
  if (value !== null && typeof value === "object") for (const member of Object.values(value)) refuseNonFinite(member);
}

// Each match starts at an escape, so that an escaped backslash before a "u" is not taken for one.
function cleanEscapes(json: string, nul: NulCounter): string {
  return json.replace(/\\(?:u[0-9a-f]{4}|.)/g, (escape) => {
    if (escape === "\\u0000") {
      nul.removed += 1;
      return "";
    }
    if (escape.startsWith("\\ud")) {
      throw new ValueProblem(
        "contains half a character (a lone surrogate), which Postgres cannot store",
        "Cut strings at code points, or repair them with `text.toWellFormed()`.",
      );
    }
    return escape;
  });
}
