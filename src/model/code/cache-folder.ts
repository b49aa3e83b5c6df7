import { existsSync, lstatSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where compiled files and their digests are kept between processes; undefined when MILLRACE_CACHE is "off". */
export function cacheFolder(directory: string): string | undefined {
  if (process.env["MILLRACE_CACHE"] === "off") return undefined;
  // A separate folder, because other tools compile the same files differently.
  const libraries = join(directory, "node_modules");
  if (existsSync(libraries)) return join(libraries, ".cache", "millrace");
  const shared = join(tmpdir(), `millrace-cache-${process.getuid?.() ?? "user"}`);
  return isOfAnother(shared) ? undefined : shared;
}

// Files in this folder are executed, and anybody may create folders of any name in the temporary folder.
function isOfAnother(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined || process.getuid === undefined) return false;
  return found.uid !== process.getuid() || !found.isDirectory();
}
