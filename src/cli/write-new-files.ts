import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../core/errors.ts";
import { quoteList } from "../core/text.ts";

/** Writes files that are not there yet; when one of them is, nothing is written. */
export async function writeNewFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  const existing = Object.keys(files).filter((path) => existsSync(join(directory, path)));
  if (existing.length > 0) {
    throw new UsageError("FILES_EXIST", `${directory} already has ${quoteList(existing)}; nothing was written.`, {
      hint: "Choose another folder or name, or move the existing files.",
    });
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content, { flag: "wx" });
  }
}
