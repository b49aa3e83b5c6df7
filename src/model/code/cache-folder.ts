import { existsSync, lstatSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where compiled files and their digests are kept between processes; undefined when MILLRACE_CACHE is "off". */
export function cacheFolder(directory: string): string | undefined {
  if (process.env["MILLRACE_CACHE"] === "off") return undefined;
  // A folder of its own: what other tools keep of the same files has been compiled differently.
  const libraries = join(directory, "node_modules");
  if (existsSync(libraries)) return join(libraries, ".cache", "millrace");
  const shared = join(tmpdir(), `millrace-cache-${process.getuid?.() ?? "user"}`);
  return isOfAnother(shared) ? undefined : shared;
}

// What lies in there is run. Anybody may create folders of any name where temporary files are.
function isOfAnother(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined || process.getuid === undefined) return false;
  return found.uid !== process.getuid() || !found.isDirectory();
}
