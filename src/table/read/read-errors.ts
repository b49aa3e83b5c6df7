import { MillraceError } from "../../core/errors.ts";

/** A missing table or column under the code that planning uses for it; every other error is returned unchanged. */
export function explainReadError(error: unknown, reader: string): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const missing = code === "42P01" ? "TABLE_NOT_FOUND" : code === "42703" ? "COLUMN_NOT_FOUND" : undefined;
  if (missing === undefined) return error;
  return new MillraceError(missing, `Model "${reader}" could not read a source: ${String(message)}.`, {
    hint: "Run the model that fills the table first, or fix the name in the model's sources.",
    details: { reader },
    cause: error,
  });
}
