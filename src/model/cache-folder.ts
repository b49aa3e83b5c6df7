import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where compiled files and their digests are kept between processes; undefined when MILLRACE_CACHE is "off". */
export function cacheFolder(directory: string): string | undefined {
  if (process.env["MILLRACE_CACHE"] === "off") return undefined;
  // A folder of its own: what other tools keep of the same files has been compiled differently.
  const libraries = join(directory, "node_modules");
  return existsSync(libraries)
    ? join(libraries, ".cache", "millrace")
    : join(tmpdir(), `millrace-cache-${process.getuid?.() ?? "user"}`);
}
