import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sha256 } from "../../core/hash.ts";
import { canonicalJson } from "../../core/json.ts";
import { readVersion } from "../../core/read-version.ts";
import { mapStacksOf } from "../../core/stack.ts";
import { ModuleCache } from "./module-cache.ts";
import { offerOwnModule } from "./own-modules.ts";
import { ProjectFiles } from "../code/project-files.ts";

export type Exports = Readonly<Record<string, unknown>>;

/** Part of the cache key; raise it when the same modules compile to something else. */
const RECIPE = 1;
/** What the compiled modules take from this package. */
const OWN = "own.json";
type OwnNames = Readonly<Record<string, readonly string[]>>;

/**
 * Imports modules of a project, TypeScript too, and returns their exports in the order of the files, which are absolute
 * paths. They are compiled together, and the output is kept until a file changes.
 */
export async function importModules(
  directory: string,
  files: readonly string[],
  project = new ProjectFiles(directory),
): Promise<readonly Exports[]> {
  if (files.length === 0) return [];
  const { digest } = project.reachedFrom(...files);
  const key = sha256(canonicalJson([RECIPE, import.meta.url, await readVersion(), directory, files, digest]));
  const cache = new ModuleCache(directory);
  const known = await cache.find(key, offersSame);
  const compile = async (out: string) => {
    // The compiler takes longer to load than everything else together, and most of the time nothing has changed.
    const { compileModules } = await import("./compile-modules.ts");
    const own = await compileModules({ directory, files, project, out });
    await writeFile(join(out, OWN), JSON.stringify(own));
  };
  const folder = known ?? (await cache.make(key, compile));
  mapStacksOf(folder);
  const entry = pathToFileURL(join(folder, "entry.mjs")).href;
  const modules = (await import(/* @vite-ignore */ entry)) as Readonly<Record<string, Exports>>;
  return files.map((_, index) => modules[`m${index}`] ?? {});
}

// Compiled modules name what they import from this package, whose exports may have changed since.
async function offersSame(folder: string): Promise<boolean> {
  const own = JSON.parse(await readFile(join(folder, OWN), "utf8")) as OwnNames;
  const offered = await Promise.all(Object.keys(own).map(async (name) => [name, await offerOwnModule(name)] as const));
  return offered.every(([name, names]) => canonicalJson(names) === canonicalJson(own[name]));
}
