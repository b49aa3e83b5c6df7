import { storableText } from "../../core/text.ts";
import { readFile, realpath, stat } from "node:fs/promises";
import nodePath from "node:path";
import { MillraceError } from "../../core/errors.ts";
import { tidyTitle } from "../record/clean-value.ts";
import { decodeDocument, decodeUnknown } from "./decode-document.ts";
import type { LoadedDocument } from "./loaded-document.ts";
import { loadMarkdown } from "./load-markdown.ts";

const MAX_FILE_BYTES = 128 * 1024 * 1024;

type FileFormat = "markdown" | "html" | "text" | "jsonl" | "unknown";

const FORMATS: Readonly<Record<string, FileFormat>> = {
  ".md": "markdown",
  ".markdown": "markdown",
  ".mdx": "markdown",
  ".html": "html",
  ".htm": "html",
  ".xhtml": "html",
  ".txt": "text",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
};

/** What a folder is searched for. */
export const DOCUMENT_EXTENSIONS: readonly string[] = Object.keys(FORMATS);

export function fileFormat(file: string): FileFormat {
  return FORMATS[nodePath.extname(file).toLowerCase()] ?? "unknown";
}

/** Reads a file that is one document. Whatever is wrong with it is a MillraceError without the file's text. */
export async function loadDocument(file: string): Promise<LoadedDocument> {
  const bytes = await readBytes(file);
  const format = fileFormat(file);
  const loaded = await parseText(await readText(bytes, format), format);
  return { ...loaded, title: loaded.title ?? tidyTitle(nodePath.parse(file).name.normalize("NFC")) };
}

async function readText(bytes: Uint8Array, format: FileFormat): Promise<string> {
  if (format === "unknown") return decodeUnknown(bytes);
  if (format !== "html") return decodeDocument(bytes);
  // The HTML parser is large; a project without HTML never loads it.
  const { declaredEncoding } = await import("../html/declared-encoding.ts");
  return decodeDocument(bytes, { declared: [declaredEncoding(bytes)] });
}

async function parseText(text: string, format: FileFormat): Promise<LoadedDocument> {
  if (format === "markdown") return loadMarkdown(text);
  if (format === "html") return (await import("./load-html.ts")).loadHtml(text);
  return { title: null, content: storableText(text), contentType: "text/plain", metadata: {} };
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const { size, isFile } = await describeFile(file);
    if (!isFile) throw new MillraceError("DOCUMENT_UNREADABLE", "It is not a file.");
    if (size > MAX_FILE_BYTES) {
      const limit = MAX_FILE_BYTES / 1024 / 1024;
      throw new MillraceError("DOCUMENT_TOO_LARGE", `The file is larger than ${limit} MB.`, {
        hint: "Split it, or use JSONL with one record per line.",
      });
    }
    return await readFile(file);
  } catch (error) {
    throw unreadable(error);
  }
}

// Opening a named pipe would wait for ever, so the kind is asked first.
async function describeFile(file: string) {
  // Environments with their keys, devices that never end.
  if (/^\/(?:proc|dev|sys)\//.test(await realpath(file)))
    throw new MillraceError("DOCUMENT_LINK_OUTSIDE", "It is a part of the operating system, not a document.");
  const stats = await stat(file);
  return { size: stats.size, isFile: stats.isFile() };
}

/** A file system error without the absolute path in its message. */
export function unreadable(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
  const known: Record<string, string> = {
    ENOENT: "The file does not exist.",
    EACCES: "The file may not be read (permission denied).",
    EPERM: "The file may not be read (permission denied).",
  };
  return new MillraceError("DOCUMENT_UNREADABLE", known[code] ?? `The file could not be read (${code}).`, {
    cause: error,
    details: { errno: code },
  });
}
