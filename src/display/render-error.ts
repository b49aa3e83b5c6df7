import { CodedError, errorToJson, IssuesError, UsageError } from "../core/errors.ts";
import { readableStack } from "../core/stack.ts";
import { errorPageOf } from "./error-page.ts";
import { escapeControls, proseWidth, wrapText } from "./fit-text.ts";
import type { Palette } from "./output.ts";
import { type Suggest, suggestPlainly, withSuggestions } from "./suggest.ts";

export interface RenderErrorOptions {
  readonly colors: Palette;
  readonly width: number;
  /** Also the stack, and what caused it. */
  readonly isVerbose?: boolean | undefined;
  readonly command?: Suggest | undefined;
}

const INDENT = "  ";

/** An error as a person needs it: code, what, where, next step. */
export function renderError(error: unknown, options: RenderErrorOptions): readonly string[] {
  const { colors, isVerbose = false } = options;
  const stack = isVerbose ? ["", ...renderStack(error).map((line) => colors.dim(line))] : [];
  return [...(error instanceof CodedError ? renderKnown(error, options) : renderUnknown(error, options)), ...stack];
}

function renderKnown(error: CodedError, options: RenderErrorOptions): readonly string[] {
  const { colors, width, command = suggestPlainly } = options;
  const hint = error.hint === undefined ? [] : [withSuggestions(error.hint, command)];
  const issues = error instanceof IssuesError ? error.issues : [];
  // A call that was wrong is explained by its message.
  const page = error instanceof UsageError || error instanceof IssuesError ? undefined : errorPageOf([error.code]);
  const message = issues.length === 0 ? error.message : (error.message.split("\n", 1)[0] ?? "");
  return [
    ...renderHeadline(message, error.code, { colors, width }),
    ...issues.flatMap((issue) => [
      `${INDENT}${colors.yellow(escapeControls(issue.path))}${issue.file === undefined ? "" : colors.dim(`  ${escapeControls(issue.file)}`)}`,
      ...wrap(issue.message, width - 2).map((line) => `${INDENT}${INDENT}${line}`),
    ]),
    ...hint.flatMap((text) => wrap(`→ ${text}`, width)).map((line) => `${INDENT}${colors.cyan(line)}`),
    ...(page === undefined ? [] : [`${INDENT}${colors.dim(`Docs: ${page}`)}`]),
  ];
}

function renderUnknown(error: unknown, { colors, width, isVerbose = false }: RenderErrorOptions): readonly string[] {
  const { code, message } = errorToJson(error);
  const advice = isVerbose
    ? "→ Millrace did not expect this: it is a bug. Please report it with the stack below."
    : "→ Millrace did not expect this: it is a bug. Run the command again with --verbose for the stack to report.";
  return [
    ...renderHeadline(message, code, { colors, width }),
    ...wrap(advice, width).map((line) => `${INDENT}${colors.cyan(line)}`),
  ];
}

// The code comes last: people read the sentence, programs and search engines find the code anywhere.
function renderHeadline(message: string, code: string, { colors, width }: RenderErrorOptions): readonly string[] {
  const tag = `[${code}]`;
  const lines = wrap(`${message} ${tag}`, width);
  return lines.map((line, index) => {
    const text = index === lines.length - 1 ? line.slice(0, -tag.length) : line;
    return `${index === 0 ? colors.red("✗") : " "} ${colors.bold(text)}${text === line ? "" : colors.dim(tag)}`;
  });
}

function renderStack(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const own = (readableStack(error) ?? String(error)).split("\n").map((line) => escapeControls(line));
  return error.cause === undefined ? own : [...own, "caused by", ...renderStack(error.cause)];
}

function wrap(text: string, width: number): readonly string[] {
  return wrapText(escapeControls(text, { keepNewlines: true }), proseWidth(width, INDENT.length));
}
