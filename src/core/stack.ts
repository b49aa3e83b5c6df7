import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Folders of compiled modules, as URLs; each file has its source map next to it. */
const compiled = new Set<string>();
const maps = new Map<string, SourceMap | undefined>();

const PLACE = /(file:\/\/[^\s():]+\.mjs):(\d+):(\d+)/g;

/** Places in the modules of this folder are shown as those of the texts that they were made from. */
export function mapStacksOf(folder: string): void {
  compiled.add(pathToFileURL(join(folder, "/")).href);
}

/** The stack of an error, in the places that its author knows. */
export function readableStack(error: Error): string | undefined {
  return error.stack?.replace(PLACE, (place, url: string, line: string, column: string) => {
    if (![...compiled].some((folder) => url.startsWith(folder))) return place;
    const file = fileURLToPath(url);
    const found = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (found === undefined || !("originalSource" in found)) return place;
    const source = resolve(dirname(file), found.originalSource);
    return `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(`${file}.map`));
  return maps.get(file);
}

// An error must be reported even when its source map is gone.
function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, "utf8")) as ConstructorParameters<typeof SourceMap>[0]);
  } catch {
    return undefined;
  }
}
