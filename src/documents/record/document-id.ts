import nodePath from "node:path";
import { sha256 } from "../../core/hash.ts";

type PathModule = Pick<typeof nodePath, "relative" | "sep">;

/** Short hash of a document's URI: the same in every rebuild and in every clone of the project. */
export function documentId(uri: string): string {
  return sha256(uri.normalize("NFC")).slice(0, 16);
}

/** The way from the project folder to a file, spelled as on disk, with forward slashes. */
export function projectPath(directory: string, file: string, paths: PathModule = nodePath): string {
  return paths.relative(directory, file).split(paths.sep).join("/");
}

/** A file's URI. Unlike its path it is NFC, since macOS and git may spell one name in two ways. */
export function fileUri(path: string): string {
  return path.normalize("NFC");
}

/** URI of a record inside a file; a record without an id is identified by its line. */
export function recordUri(options: { path: string; recordId: string | undefined; line: string }): string {
  return `${fileUri(options.path)}#${options.recordId ?? sha256(options.line).slice(0, 16)}`;
}
