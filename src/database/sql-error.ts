import { MillraceError } from "../core/errors.ts";
import { isCondition, isServerError, type ServerError } from "./server-error.ts";

/** Where the server said no: the statement, and the model's own SQL inside it. */
export interface FailedStatement {
  readonly statement: string;
  readonly query: string;
}

const MAX_LINE_LENGTH = 120;

/** What the server said of a model's query, with the line it points to; what it said of itself, as it is. */
export function explainSqlError(error: unknown, model: string, failed?: FailedStatement): unknown {
  if (!isServerError(error) || isCondition(error)) return error;
  const line = failed === undefined ? undefined : findLine(error, failed);
  const place = line === undefined ? "" : ` (line ${line.number} of its SQL: ${line.text})`;
  return new MillraceError("SQL_FAILED", `Model "${model}": ${withoutData(error)}${place}.`, {
    hint: error.hint ?? "Fix the query in the model's `sql`.",
    details: { sqlState: error.code, ...(line === undefined ? {} : { line: line.number }) },
  });
}

/** What the server said against a statement, without data of rows; undefined for every other error. */
export function describeServerError(error: unknown): string | undefined {
  return isServerError(error) && !isCondition(error) ? withoutData(error) : undefined;
}

// `invalid input syntax for type integer: "…"` would reveal the content of a row.
function withoutData({ code, message }: ServerError): string {
  return code.startsWith("22") ? message.replace(/".*"/s, '"…"') : message;
}

function findLine({ position }: ServerError, { statement, query }: FailedStatement) {
  const start = statement.indexOf(query);
  if (position === undefined || start < 0) return undefined;
  const offset =
    Array.from(statement)
      .slice(0, Number(position) - 1)
      .join("").length - start;
  if (offset < 0 || offset > query.length) return undefined;
  const before = query.slice(0, offset).split("\n");
  const text = query.split("\n")[before.length - 1]?.trim() ?? "";
  return {
    number: before.length,
    text: text.length > MAX_LINE_LENGTH ? `${text.slice(0, MAX_LINE_LENGTH - 1)}…` : text,
  };
}
