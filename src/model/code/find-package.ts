import { existsSync, readFileSync, realpathSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, sep } from "node:path";

/** A package that a file of the project imports. */
export interface ImportedPackage {
  /** As it is written there: the package or a part of it. */
  readonly specifier: string;
  readonly name: string;
  /** Major and minor: a patch does not make anybody's results stale. */
  readonly version: string;
  /** The folder of a linked package, whose files count as the project's own. */
  readonly linkedFolder: string | undefined;
}

/** The package of an import such as `zod/v4`, resolved from `folder`; undefined where the version does not matter. */
export function findPackage(specifier: string, folder: string): ImportedPackage | undefined {
  const name = /^(?:@[^/]+\/)?[^/@.#][^/]*/.exec(specifier)?.[0];
  // What Millrace does with a model is not the model's code; otherwise every upgrade would process everything again.
  if (name === undefined || name === "millrace" || isBuiltin(specifier) || /^[\w-]+:/.test(name)) return undefined;
  for (let parent = folder; ; parent = dirname(parent)) {
    const found = join(parent, "node_modules", name);
    if (existsSync(join(found, "package.json"))) return { specifier, ...describePackage(name, found) };
    if (dirname(parent) === parent) return undefined;
  }
}

function describePackage(name: string, found: string): Omit<ImportedPackage, "specifier"> {
  const folder = realpathSync(found);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version?: string };
  const isLinked = !folder.includes(`${sep}node_modules${sep}`);
  return {
    name,
    version: isLinked ? "linked" : (version ?? "").split(".").slice(0, 2).join("."),
    linkedFolder: isLinked ? folder : undefined,
  };
}
