import { relative, sep } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { ascending } from "../../core/ascending.ts";
import { type Issue, IssuesError, MillraceError, UsageError } from "../../core/errors.ts";
import { readableStack } from "../../core/stack.ts";
import { quoteList } from "../../core/text.ts";
import { findImportCycle } from "./find-import-cycle.ts";
import { importModules } from "./import-modules.ts";
import { findOwnExport } from "./own-modules.ts";

interface Imported {
  readonly directory: string;
  readonly files: readonly string[];
}

/** What the compiler reports about one place in one file. */
interface CompileError extends Error {
  readonly kind?: string;
  readonly id?: string;
  /** The column counts from 0. */
  readonly loc?: { readonly file?: string; readonly line: number; readonly column: number };
}

/** Says which file cannot be imported, and what to do about it. */
export async function explainImportFailure(error: unknown, imported: Imported): Promise<MillraceError> {
  const { directory } = imported;
  const errors = (error as { readonly errors?: readonly CompileError[] } | undefined)?.errors;
  if (Array.isArray(errors) && errors.length > 0) return explainCompileErrors(errors, directory);
  const place = placeOf(error, directory);
  return place === undefined ? explainCulprit(error, imported) : explainAt(place, error, directory);
}

async function explainAt(file: string, error: unknown, directory: string): Promise<MillraceError> {
  const path = file.replace(/(?::\d+)+$/, "");
  const isCycle = error instanceof MillraceError ? error.code === "REF_UNDEFINED" : error instanceof ReferenceError;
  const cycle = isCycle ? await findImportCycle(path) : undefined;
  if (cycle !== undefined) {
    const circle = cycle.map((step) => relative(directory, step)).join(" → ");
    return new UsageError("IMPORT_CYCLE", `Circular import: ${circle}.`, {
      cause: error,
      hint: 'Refer to one of them by name instead of importing it: ref("namespace.model").',
    });
  }
  if (error instanceof MillraceError && error.code !== "REF_UNDEFINED") return placed(error, relative(directory, file));
  return new UsageError("FILE_FAILED", `${relative(directory, file)} could not be loaded: ${reasonOf(error)}`, {
    cause: error,
    hint: `Fix ${relative(directory, path)}; \`--verbose\` shows the stack.`,
  });
}

// What Millrace itself refuses, reported at the place of the import.
function placed(error: MillraceError, place: string): MillraceError {
  const { code, hint, details } = error;
  const options = { hint, details, cause: error };
  if (!(error instanceof IssuesError)) return new UsageError(code, `${place}: ${error.message}`, options);
  const [summary = ""] = error.message.split("\n", 1);
  return new IssuesError(code, `${place}: ${summary}`, error.issues, options);
}

async function explainCompileErrors(errors: readonly CompileError[], directory: string): Promise<MillraceError> {
  const code = errors.some(({ kind }) => kind === "PARSE_ERROR") ? "FILE_SYNTAX" : "FILE_FAILED";
  const placed = errors
    .map(({ id, loc, message }) => {
      const file = relative(directory, id ?? loc?.file ?? directory);
      return { file, line: loc?.line ?? 0, column: (loc?.column ?? 0) + 1, message };
    })
    // The compiler reads files concurrently, so which error comes first depends on timing.
    .toSorted((a, b) => ascending(a.file, b.file) || ascending(a.line, b.line) || ascending(a.column, b.column));
  const issues = await Promise.all(
    placed.map(async ({ file, line, column, message }): Promise<Issue> => {
      const [text = ""] = stripVTControlCharacters(message).split("\n", 1);
      return {
        code,
        path: line === 0 ? file : `${file}:${line}:${column}`,
        message: await explainMissingExport(text.replace(/^\[\w+\] /, "")),
      };
    }),
  );
  const names = [...new Set(placed.map(({ file }) => file))];
  return new IssuesError(code, `${quoteList(names)} could not be loaded:`, issues, {
    hint: "Fix the places above.",
  });
}

async function explainMissingExport(message: string): Promise<string> {
  // The compiler knows the modules of this package by other names.
  const [, name, specifier] = /^"([^"]+)" is not exported by "[^"]*millrace:own:([^"]+)"/.exec(message) ?? [];
  if (name === undefined || specifier === undefined) return message;
  return `"${name}" is not exported by "${specifier}".${await findOwnExport(name, specifier)}`;
}

/** Where in the project something was thrown: a path with line and column. */
function placeOf(error: unknown, directory: string): string | undefined {
  const stack = error instanceof Error ? (readableStack(error) ?? "") : "";
  const frames = stack.matchAll(/(?:^|[\s(])((?:\/|[A-Z]:\\)[^():]+:\d+:\d+)\)?$/gm);
  const places = [...frames].map(([, place = ""]) => place);
  return places.find((place) => place.startsWith(directory + sep) && !place.includes(`${sep}node_modules${sep}`));
}

// Each file separately: the first one that fails is reported with its own error, because the first error of all of them
// together may be about another file.
async function explainCulprit(error: unknown, { directory, files }: Imported): Promise<MillraceError> {
  for (const file of files) {
    try {
      await importModules(directory, [file]);
    } catch (own) {
      return explainAt(placeOf(own, directory) ?? file, own, directory);
    }
  }
  return explainAt(files[0] ?? directory, error, directory);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The path of the compiled module is of no use to anybody.
  const message = error.message.replace(/ imported from \S+/, "").replace(/\bfile:\/\/\S+\/([^/\s]+)/g, "$1");
  return message.split("\n").slice(0, 6).join("\n").trim();
}
