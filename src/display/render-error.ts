import { errorToJson, IssuesError, MillraceError } from "../core/errors.ts";
import { escapeControls, proseWidth, wrapText } from "./fit-text.ts";
import type { Palette } from "./output.ts";

export interface ErrorOptions {
  readonly colors: Palette;
  readonly width: number;
  /** Also the stack, and what caused it. */
  readonly isVerbose?: boolean | undefined;
}

const INDENT = "  ";

/** An error as a person needs it: code, what, where, next step. */
export function renderError(error: unknown, options: ErrorOptions): readonly string[] {
  const { colors, isVerbose = false } = options;
  const stack = isVerbose ? ["", ...renderStack(error).map((line) => colors.dim(line))] : [];
  return [...(error instanceof MillraceError ? renderKnown(error, options) : renderUnknown(error, options)), ...stack];
}

function renderKnown(error: MillraceError, { colors, width }: ErrorOptions): readonly string[] {
  const issues = error instanceof IssuesError ? error.issues : [];
  const message = issues.length === 0 ? error.message : (error.message.split("\n", 1)[0] ?? "");
  const [first = "", ...more] = wrap(message, width);
  return [
    `${colors.red("✖")} ${colors.bold(first)} ${colors.dim(`[${error.code}]`)}`,
    ...more.map((line) => `${INDENT}${line}`),
    ...issues.flatMap((issue) => [`${INDENT}${colors.yellow(escapeControls(issue.path))}`, ...wrap(issue.message, width - 2).map((line) => `${INDENT}${INDENT}${line}`)]),
    ...(error.hint === undefined ? [] : wrap(`→ ${error.hint}`, width).map((line) => `${INDENT}${colors.cyan(line)}`)),
  ];
}

function renderUnknown(error: unknown, { colors, width, isVerbose = false }: ErrorOptions): readonly string[] {
  const { code, message } = errorToJson(error);
  const [first = "", ...more] = wrap(message, width);
  const advice = isVerbose
    ? "→ Millrace did not expect this: it is a bug. Please report it with the stack below."
    : "→ Millrace did not expect this: it is a bug. Run the command again with --verbose for the stack to report.";
  return [
    `${colors.red("✖")} ${colors.bold(first)} ${colors.dim(`[${code}]`)}`,
    ...more.map((line) => `${INDENT}${line}`),
    ...wrap(advice, width).map((line) => `${INDENT}${colors.cyan(line)}`),
  ];
}

function renderStack(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const own = (error.stack ?? String(error)).split("\n").map((line) => escapeControls(line));
  return error.cause === undefined ? own : [...own, "caused by", ...renderStack(error.cause)];
}

function wrap(text: string, width: number): readonly string[] {
  return wrapText(escapeControls(text, { keepNewlines: true }), proseWidth(width, INDENT.length));
}
