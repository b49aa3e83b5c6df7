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
    await makeFolder(dirname(join(directory, path)));
    await writeFile(join(directory, path), content, { flag: "wx" });
  }
}

// One after the other: Node's own `recursive` never ends where the system says of a folder that it cannot be, as in /proc.
async function makeFolder(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  await makeFolder(dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    throw new UsageError("FOLDER_NOT_WRITABLE", `The folder ${folder} cannot be created: ${code}.`, {
      cause: error,
      hint: "Choose a place where you may write.",
    });
  }
}
