import { readFile, stat } from "node:fs/promises";
import nodePath from "node:path";
import picomatch from "picomatch";
import { ascending } from "../core/ascending.ts";
import { UsageError } from "../core/errors.ts";
import { findFiles, splitPattern, type UnreadableFolder } from "../core/find-files.ts";
import { projectPath } from "./record/document-id.ts";
import { DOCUMENT_EXTENSIONS } from "./loaders/load-document.ts";
import { oneNameEach } from "./one-name-each.ts";

/** Where documents are: a file (of one document or of records), or an address. */
export type FoundSource = {
  /** The configured entries that led here. */
  readonly entries: readonly string[];
} & (
  | { readonly kind: "file"; readonly file: string; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
);

export interface FoundDocuments {
  readonly sources: readonly FoundSource[];
  /** The entries that exclude. */
  readonly exclusions: readonly string[];
  readonly warnings: readonly string[];
  readonly unreadableFolders: readonly UnreadableFolder[];
}

interface Found {
  readonly files: readonly string[];
  readonly urls?: readonly string[];
  readonly unreadable?: readonly UnreadableFolder[];
}

/** Resolves configured entries: files, folders, patterns, addresses and lists of addresses; `!` excludes. */
export async function findDocuments(options: {
  directory: string;
  patterns: readonly string[];
}): Promise<FoundDocuments> {
  const directory = nodePath.resolve(options.directory);
  const files = new Map<string, string[]>();
  const urls = new Map<string, string[]>();
  const warnings: string[] = [];
  const unreadableFolders: UnreadableFolder[] = [];
  const exclusions: string[] = [];
  for (const entry of new Set(options.patterns)) {
    if (entry.trim() === "")
      throw new UsageError("DOCUMENTS_PATTERN_INVALID", "An entry of `documents` is empty.", {
        hint: "Remove it, or name a file, folder or pattern.",
      });
    if (entry.startsWith("!") && !(await exists(nodePath.resolve(directory, entry)))) {
      exclusions.push(entry);
      continue;
    }
    const found = await findEntry(directory, entry);
    for (const file of found.files) add(files, file, entry);
    for (const url of found.urls ?? []) add(urls, url, entry);
    unreadableFolders.push(...(found.unreadable ?? []));
    const isEmpty = found.files.length + (found.urls?.length ?? 0) + (found.unreadable?.length ?? 0) === 0;
    if (isEmpty) warnings.push(await describeEmpty(directory, entry));
  }
  const isExcluded = await exclusionOf(directory, exclusions);
  const listed = [...files]
    .map(([file, entries]) => ({ kind: "file" as const, file, path: projectPath(directory, file), entries }))
    .toSorted((a, b) => ascending(a.path, b.path));
  const named = await oneNameEach(directory, listed);
  if (named.dropped > 0)
    warnings.push(
      `${named.dropped} paths lead through links to files that are already listed; each file is read once.`,
    );
  const pages = [...urls].map(([url, entries]) => ({ kind: "url" as const, url, entries }));
  return {
    // After the choice of names, so that an excluded file does not come back through a link.
    sources: [...named.files.filter(({ file }) => !isExcluded(file)), ...pages],
    exclusions,
    warnings,
    unreadableFolders,
  };
}

async function describeEmpty(directory: string, entry: string): Promise<string> {
  const stats = await stat(nodePath.resolve(directory, entry)).catch(() => undefined);
  if (stats?.isDirectory() === true)
    return `The folder "${entry}" holds no documents (${DOCUMENT_EXTENSIONS.join(", ")}).`;
  const where = nodePath.isAbsolute(entry) ? "" : ` in ${directory}`;
  if (picomatch.scan(entry).isGlob) return `No document matches "${entry}"${where}.`;
  return stats === undefined ? `"${entry}" does not exist${where}.` : `"${entry}" holds no documents.`;
}

async function findEntry(directory: string, entry: string): Promise<Found> {
  if (/^https?:\/\//i.test(entry)) return { files: [], urls: [normalUrl(entry)] };
  const literal = nodePath.resolve(directory, entry);
  const stats = await stat(literal).catch(() => undefined);
  if (stats?.isDirectory() === true) {
    const pattern = `**/*{${DOCUMENT_EXTENSIONS.join(",")}}`;
    return findFiles({ folder: literal, pattern, anyCase: true });
  }
  if (stats !== undefined) {
    const urls = stats.isFile() && stats.size < 10_000_000 ? await urlList(literal) : undefined;
    return urls === undefined ? { files: [literal] } : { files: [], urls };
  }
  const { folder, pattern } = await splitPattern(directory, entry);
  return findFiles({ folder, pattern });
}

/** The addresses in a `.txt` file that holds nothing else (but `#` comments). */
async function urlList(file: string): Promise<string[] | undefined> {
  if (nodePath.extname(file).toLowerCase() !== ".txt") return undefined;
  const text = await readFile(file, "utf8").catch(() => "");
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trim());
  const urls = lines.filter((line) => line !== "" && !line.startsWith("#"));
  const isList = urls.length > 0 && urls.every((url) => /^https?:\/\/\S+$/i.test(url) && URL.canParse(url));
  return isList ? [...new Set(urls.map(normalUrl))] : undefined;
}

function normalUrl(url: string): string {
  if (URL.canParse(url)) return new URL(url).href;
  throw new UsageError("DOCUMENTS_PATTERN_INVALID", `The documents entry "${url}" is not a valid address.`);
}

async function exclusionOf(directory: string, entries: readonly string[]): Promise<(file: string) => boolean> {
  const splits = await Promise.all(entries.map((entry) => splitPattern(directory, entry.slice(1))));
  const tests = splits.map(({ folder, pattern }) => {
    const isMatch = picomatch([pattern, `${pattern}/**`], { dot: true });
    return (file: string) => isMatch(projectPath(folder, file));
  });
  return (file) => tests.some((isExcluded) => isExcluded(file));
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function add(map: Map<string, string[]>, key: string, entry: string): void {
  const entries = map.get(key);
  if (entries === undefined) map.set(key, [entry]);
  else entries.push(entry);
}
