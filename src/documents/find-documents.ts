import { readFile, realpath, stat } from "node:fs/promises";
import nodePath from "node:path";
import picomatch from "picomatch";
import { ascending } from "../core/ascending.ts";
import { UsageError } from "../core/errors.ts";
import { type FoundFiles, findFiles, type NotAFile, splitPattern, type UnreadableFolder } from "../core/find-files.ts";
import { projectPath } from "./record/document-id.ts";
import { publicEntry, publicUrl } from "./record/public-url.ts";
import { DOCUMENT_EXTENSIONS } from "./loaders/load-document.ts";
import { oneNameEach } from "./one-name-each.ts";

/** Where documents are: a file (of one document or of records), or an address. */
export type FoundSource = {
  /** The configured entries that led here. */
  readonly entries: readonly string[];
} & (
  | {
      readonly kind: "file";
      readonly file: string;
      readonly path: string;
      /** Why it is not read, although its name matches. */
      readonly problem?: FileProblem | undefined;
    }
  /** `address` is `url` with what must be stored nowhere: user, password, keys. */
  | { readonly kind: "url"; readonly url: string; readonly address: string }
);

export interface FileProblem {
  readonly code: "DOCUMENT_LINK_OUTSIDE" | "DOCUMENT_UNREADABLE";
  readonly message: string;
}

export interface FoundDocuments {
  readonly sources: readonly FoundSource[];
  /** The entries that exclude. */
  readonly exclusions: readonly string[];
  readonly warnings: readonly string[];
  readonly unreadableFolders: readonly UnreadableFolder[];
}

type Found = Partial<Pick<FoundFiles, "notFiles" | "unreadable">> & {
  readonly files: readonly string[];
  readonly urls?: readonly string[];
};

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
  const problems = new Map<string, FileProblem>();
  const roots = await rootsOf(directory, options.patterns);
  for (const entry of new Set(options.patterns)) {
    if (entry.trim() === "")
      throw new UsageError("DOCUMENTS_PATTERN_INVALID", "An entry of `documents` is empty.", {
        hint: "Remove it, or name a file, folder or pattern.",
      });
    if (entry.startsWith("!") && !(await exists(nodePath.resolve(directory, entry)))) {
      exclusions.push(entry);
      continue;
    }
    const found = await findEntry(directory, entry, roots);
    for (const file of found.files) add(files, file, entry);
    for (const notFile of found.notFiles ?? []) {
      if (notFile.isFolder) unreadableFolders.push({ folder: notFile.file, errno: PROBLEMS[notFile.kind].folder });
      else {
        add(files, notFile.file, entry);
        problems.set(notFile.file, PROBLEMS[notFile.kind].file);
      }
    }
    for (const url of found.urls ?? []) add(urls, url, publicEntry(entry));
    unreadableFolders.push(...(found.unreadable ?? []));
    const { files: some, urls: pages = [], unreadable = [], notFiles = [] } = found;
    const isEmpty = some.length + pages.length + unreadable.length + notFiles.length === 0;
    if (isEmpty) warnings.push(await describeEmpty(directory, entry));
  }
  const isExcluded = await exclusionOf(directory, exclusions);
  const listed = [...files]
    .map(([file, entries]) => {
      const problem = problems.get(file);
      const path = projectPath(directory, file);
      return { kind: "file" as const, file, path, entries, ...(problem === undefined ? {} : { problem }) };
    })
    .toSorted((a, b) => ascending(a.path, b.path));
  const named = await oneNameEach(directory, listed);
  if (named.dropped > 0)
    warnings.push(
      `${named.dropped} paths lead through links to files that are already listed; each file is read once.`,
    );
  const pages = [...urls].map(([address, entries]) => ({
    kind: "url" as const,
    url: publicUrl(address),
    address,
    entries,
  }));
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

const PROBLEMS: Readonly<Record<NotAFile["kind"], { readonly file: FileProblem; readonly folder: string }>> = {
  outside: {
    file: { code: "DOCUMENT_LINK_OUTSIDE", message: "The link leads out of the folder that is searched." },
    folder: "a link that leads out of the folder that is searched",
  },
  dangling: {
    file: { code: "DOCUMENT_UNREADABLE", message: "The link leads nowhere." },
    folder: "a link that leads nowhere",
  },
  special: {
    file: { code: "DOCUMENT_UNREADABLE", message: "It is not a file." },
    folder: "not a folder",
  },
};

/** Real paths of the folders that entries name: where links may lead. */
async function rootsOf(directory: string, entries: readonly string[]): Promise<readonly string[]> {
  const local = entries.filter((entry) => !/^(?:https?:\/\/|!)/i.test(entry) && entry.trim() !== "");
  const folders = local.map(async (entry) => {
    const literal = nodePath.resolve(directory, entry);
    const stats = await stat(literal).catch(() => undefined);
    const { folder } = stats?.isDirectory() === true ? { folder: literal } : await splitPattern(directory, entry);
    return realpath(folder).catch(() => folder);
  });
  return Promise.all(folders);
}

function isBelow(target: string, roots: readonly string[]): boolean {
  return roots.some(
    (root) => target === root || target.startsWith(root.endsWith(nodePath.sep) ? root : root + nodePath.sep),
  );
}

async function findEntry(directory: string, entry: string, roots: readonly string[]): Promise<Found> {
  const mayFollow = (target: string) => isBelow(target, roots);
  if (/^https?:\/\//i.test(entry)) return { files: [], urls: [normalUrl(entry)] };
  const literal = nodePath.resolve(directory, entry);
  const stats = await stat(literal).catch(() => undefined);
  if (stats?.isDirectory() === true) {
    const pattern = `**/*{${DOCUMENT_EXTENSIONS.join(",")}}`;
    return findFiles({ folder: literal, pattern, anyCase: true, mayFollow });
  }
  if (stats !== undefined) {
    const target = await realpath(literal).catch(() => literal);
    const own = nodePath.join(await realpath(nodePath.dirname(literal)), nodePath.basename(literal));
    if (target !== own && !mayFollow(target))
      return { files: [], notFiles: [{ file: literal, kind: "outside", isFolder: false }] };
    const urls = stats.isFile() && stats.size < 10_000_000 ? await urlList(literal) : undefined;
    return urls === undefined ? { files: [literal] } : { files: [], urls };
  }
  const { folder, pattern } = await splitPattern(directory, entry);
  return findFiles({ folder, pattern, mayFollow });
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
  throw new UsageError(
    "DOCUMENTS_PATTERN_INVALID",
    `The documents entry "${url.replace(/\/\/[^/@]*@/, "//")}" is not a valid address.`,
  );
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
