import { inspect } from "node:util";
import { ascending } from "./ascending.ts";
import type { ErrorCode } from "./error-codes.ts";
import { readableStack } from "./stack.ts";
import { storableText } from "./text.ts";

export interface ErrorOptions {
  /** What to do next, in one sentence. */
  hint?: string | undefined;
  /** Data for machines: names, paths, counts. Never text from documents. */
  details?: Readonly<Record<string, unknown>> | undefined;
  cause?: unknown;
  /** False when trying the same thing again cannot help; the engine then does not retry. */
  isRetryable?: boolean | undefined;
}

/** An error with a code for what went wrong: one of Millrace's, or the author's own in a `RowError`. */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly isRetryable: boolean;

  constructor(code: Code, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
    this.isRetryable = options.isRetryable ?? false;
  }
}

/** Every error Millrace raises itself. `code` is stable; callers may branch on it. `docs/errors.md` lists all codes. */
export class MillraceError extends CodedError<ErrorCode> {
  override readonly name: string = "MillraceError";
}

/** The command or call itself was wrong; the command line exits with 2. */
export class UsageError extends MillraceError {
  override readonly name = "UsageError";
}

/** One thing wrong with a declaration or a config; all of them are reported together. */
export interface Issue {
  readonly code: ErrorCode;
  /** Where: a model, a parameter, a file. */
  readonly path: string;
  /** The file that it is declared in, where it has one. */
  readonly file?: string | undefined;
  readonly message: string;
}

/** Several problems found in one pass, so that they can be fixed in one pass: in the order of their files. */
export class IssuesError extends MillraceError {
  override readonly name = "IssuesError";
  readonly issues: readonly Issue[];

  constructor(code: ErrorCode, summary: string, found: readonly Issue[], options: ErrorOptions = {}) {
    const issues = found.toSorted((a, b) => ascending(a.file ?? "", b.file ?? ""));
    const lines = issues.map((issue) => `  ${issue.path}: ${issue.message}`);
    super(code, [summary, ...lines].join("\n"), options);
    this.issues = issues;
  }
}

/** An error as it is stored, streamed and printed as JSON. */
export interface ErrorJson {
  /** An `ErrorCode`, the code of a `RowError`, or the code or class name of an error from elsewhere. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Where in the project's own code something foreign was thrown; shown on demand. */
  readonly stack?: readonly string[];
}

/** The storable form of anything thrown; a foreign error keeps its own code, or its class name as one. */
export function errorToJson(error: unknown): ErrorJson {
  const { code, message, hint, stack, ...rest } = describeError(error);
  // It may quote what a document or a language model said.
  return {
    code: storableText(code),
    message: storableText(message),
    ...(hint === undefined ? {} : { hint: storableText(hint) }),
    ...rest,
    ...(stack === undefined ? {} : { stack: stack.map(storableText) }),
  };
}

function describeError(error: unknown): ErrorJson {
  if (error instanceof CodedError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
      ...(error.cause === undefined ? {} : stackOf(error.cause)),
    };
  }
  if (error instanceof Error) {
    const code = (error as { code?: unknown }).code;
    return { code: typeof code === "string" ? code : error.name, message: error.message, ...stackOf(error) };
  }
  return { code: "THROWN_VALUE" satisfies ErrorCode, message: textOfThrown(error) };
}

/** `String()` is useless for objects, and throws for one without a prototype. */
function textOfThrown(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  const { message } = thrown as { readonly message?: unknown };
  return typeof message === "string" && message !== "" ? message : inspect(thrown, { depth: 2, breakLength: 120 });
}

function stackOf(error: unknown): Pick<ErrorJson, "stack"> {
  if (!(error instanceof Error) || error instanceof CodedError) return {};
  const frames = (readableStack(error) ?? "").split("\n").map((line) => line.trim());
  const own = frames.filter(
    (line) => line.startsWith("at ") && !/node:internal|node_modules|\/millrace\/dist\//.test(line),
  );
  return own.length === 0 ? {} : { stack: own.slice(0, 5) };
}
