import fs from "node:fs";
import nodePath from "node:path";
import { type FileSystemAdapter, glob } from "tinyglobby";

export interface UnreadableFolder {
  readonly folder: string;
  readonly errno: string;
}

/** Files below a folder that match a pattern; dotfiles and node_modules are passed over. */
export async function searchFolder(options: {
  folder: string;
  pattern: string;
  anyCase: boolean;
}): Promise<{ files: string[]; unreadable: UnreadableFolder[] }> {
  const unreadable: UnreadableFolder[] = [];
  const files = await glob(options.pattern, {
    cwd: options.folder,
    caseSensitiveMatch: !options.anyCase,
    expandDirectories: false,
    ignore: ["**/node_modules/**"],
    fs: { readdir: reportingReaddir(unreadable) },
  });
  return { files: files.map((file) => nodePath.join(options.folder, file)), unreadable };
}

// A folder that cannot be listed is skipped in silence otherwise, and its documents would count as deleted.
function reportingReaddir(unreadable: UnreadableFolder[]): NonNullable<FileSystemAdapter["readdir"]> {
  const readdir = (
    folder: string,
    settings: { withFileTypes: true },
    done: (error: Error | null, entries: fs.Dirent[]) => void,
  ) => {
    fs.readdir(folder, settings, (error, entries) => {
      if (error !== null && !isMissing(error)) unreadable.push({ folder, errno: error.code ?? "unknown error" });
      done(error, entries);
    });
  };
  return readdir as NonNullable<FileSystemAdapter["readdir"]>;
}

function isMissing(error: NodeJS.ErrnoException): boolean {
  return error.code === "ENOENT" || error.code === "ENOTDIR";
}
