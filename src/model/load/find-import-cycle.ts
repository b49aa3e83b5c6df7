import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { existsSync } from "node:fs";

const IMPORT = /(?:^|\n)\s*(?:import|export)\s(?!type\b)[^;"']*?from\s*["'](\.[^"']+)["']/g;

/** Files that import each other in a circle, starting and ending with the same one, reached from `file`. */
export async function findImportCycle(file: string): Promise<readonly string[] | undefined> {
  const finished = new Set<string>();
  const visit = async (current: string, path: readonly string[]): Promise<readonly string[] | undefined> => {
    if (path.includes(current)) return [...path.slice(path.indexOf(current)), current];
    if (finished.has(current)) return undefined;
    for (const imported of await importsOf(current)) {
      const cycle = await visit(imported, [...path, current]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(current);
    return undefined;
  };
  return visit(file, []);
}

// A scan of the text is enough: this runs after a load has failed, to word the message.
async function importsOf(file: string): Promise<readonly string[]> {
  const source = await readFile(file, "utf8");
  return [...source.matchAll(IMPORT)].flatMap(([, specifier = ""]) => {
    const base = resolve(dirname(file), specifier);
    const found = [base, `${base}.ts`, base.replace(/\.js$/, ".ts")].find((candidate) => existsSync(candidate));
    return found === undefined ? [] : [found];
  });
}
