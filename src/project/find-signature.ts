import { existsSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { UsageError } from "../core/errors.ts";
import { didYouMean, quoteList } from "../core/text.ts";
import type { Signature } from "../llm/prompts/signature.ts";
import { importProjectFile } from "../model/load/load-files.ts";
import { isCode, ProjectFiles } from "../model/code/project-files.ts";
import type { Project } from "./project.ts";

interface FoundSignature {
  readonly signature: Signature<unknown, unknown>;
  /** Relative to the project. */
  readonly file: string;
  readonly exportName: string;
}

/**
 * The signature that a text names: by its own name or that of its export, by a model that asks it, or by where it is
 * exported: `helpers/prompts.ts`, `helpers/prompts.ts#classify`.
 */
export async function findSignature(project: Project, what: string): Promise<Signature<unknown, unknown>> {
  const [place = "", exportName] = what.split("#");
  if (exportName !== undefined || /\.[cm]?[jt]s$/.test(place)) {
    const found = await signaturesOf(project, [place]);
    return theOne(
      what,
      exportName === undefined ? found : found.filter((each) => each.exportName === exportName),
      found,
    );
  }
  const model = project.registry.find(what) ?? project.registry.findByTable(what);
  const files = model === undefined ? project.registry.list().map(({ name }) => name) : [model.name];
  const found = await signaturesOf(project, reachedFrom(project, files));
  if (model !== undefined) return theOne(what, found, found);
  const named = found.filter(({ signature }) => signature.name === what);
  return theOne(what, named.length > 0 ? named : found.filter((each) => each.exportName === what), found);
}

/** Imports what `file.ts#name` means; `file` is relative to the project. */
export async function importExport(project: Project, what: string): Promise<unknown> {
  const [file = "", name = "default"] = what.split("#");
  const exported = await importModule(project, file);
  if (name in exported) return exported[name];
  const names = Object.keys(exported);
  throw new UsageError("EXPORT_NOT_FOUND", `${file} has no export "${name}".${didYouMean(name, names)}`, {
    hint: names.length === 0 ? "It exports nothing." : `It exports ${quoteList(names)}.`,
  });
}

async function importModule({ directory }: Project, file: string): Promise<Record<string, unknown>> {
  const path = isAbsolute(file) ? file : join(directory, file);
  if (existsSync(path)) return importProjectFile(directory, path);
  throw new UsageError("FILE_NOT_FOUND", `No such file in the project: ${file}.`, {
    hint: "Give the path relative to the project's folder.",
  });
}

async function signaturesOf(project: Project, files: readonly string[]): Promise<readonly FoundSignature[]> {
  const found: FoundSignature[] = [];
  for (const file of files) {
    for (const [exportName, value] of Object.entries(await importModule(project, file))) {
      if (isSignature(value)) found.push({ signature: value, file, exportName });
    }
  }
  return found;
}

// Only modules that speak of signatures are worth the import.
function reachedFrom({ directory, registry }: Project, models: readonly string[]): readonly string[] {
  const files = new ProjectFiles(directory);
  const roots = models.map((name) => join(directory, registry.fileOf(name) ?? "")).filter((file) => isCode(file));
  const reached = new Set(roots.filter((file) => existsSync(file)).flatMap((file) => files.reachedFrom(file).files));
  return [...reached]
    .filter((file) => isCode(file) && /\bsignature(?:Of)?\b/.test(files.textOf(file)))
    .map((file) => relative(directory, file))
    .toSorted();
}

function theOne(
  what: string,
  found: readonly FoundSignature[],
  known: readonly FoundSignature[],
): Signature<unknown, unknown> {
  const [first, ...others] = found;
  if (first !== undefined && others.every(({ signature }) => signature.fingerprint === first.signature.fingerprint))
    return first.signature;
  const names = [...new Set(known.map(({ signature }) => signature.name))];
  if (first === undefined) {
    throw new UsageError("SIGNATURE_NOT_FOUND", `No signature "${what}" is exported.${didYouMean(what, names)}`, {
      hint:
        names.length === 0
          ? "Export it from a module that a model imports, or name its file: helpers/prompts.ts#classify."
          : `Signatures: ${quoteList(names)}.`,
    });
  }
  const places = found.map(({ file, exportName }) => `${file}#${exportName}`).join(", ");
  throw new UsageError("SIGNATURE_AMBIGUOUS", `"${what}" matches several signatures: ${places}.`, {
    hint: "Give one of these places.",
  });
}

const isSignature = (value: unknown): value is Signature<unknown, unknown> =>
  typeof value === "object" && value !== null && (value as { readonly kind?: unknown }).kind === "signature";
