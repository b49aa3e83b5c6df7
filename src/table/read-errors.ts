import { MillraceError } from "../core/errors.ts";

/** A missing table or column under the code that planning uses for it; every other error as it is. */
export function explainReadError(error: unknown, reader: string | undefined): unknown {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const missing = code === "42P01" ? "TABLE_NOT_FOUND" : code === "42703" ? "COLUMN_NOT_FOUND" : undefined;
  if (missing === undefined) return error;
  const who = reader === undefined ? "A source could not be read" : `Model "${reader}" could not read a source`;
  return new MillraceError(missing, `${who}: ${String(message)}.`, {
    hint: "Run the model that fills the table first, or correct the name in the model's sources.",
    details: reader === undefined ? {} : { reader },
    cause: error,
  });
}
