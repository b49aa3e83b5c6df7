import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { extname, isAbsolute, join, parse, resolve, sep } from "node:path";
import picomatch from "picomatch";
import { ascending } from "./ascending.ts";

export interface FindFilesOptions {
  readonly folder: string;
  /** Of paths below the folder, with forward slashes. */
  readonly pattern: string;
  readonly anyCase?: boolean;
  /** Names and paths to skip, in addition to `node_modules`. */
  readonly ignore?: readonly string[];
  /** Whether a link may be followed to this real path. Default: always. */
  readonly mayFollow?: (target: string) => boolean;
}

export interface UnreadableFolder {
  readonly folder: string;
  readonly errno: string;
}

/** A name that matches, or might lead to ones that do, and is not a file that may be read. */
export interface NotAFile {
  readonly file: string;
  readonly kind: "dangling" | "outside" | "special";
  readonly isFolder: boolean;
}

export interface FoundFiles {
  readonly files: readonly string[];
  readonly notFiles: readonly NotAFile[];
  readonly unreadable: readonly UnreadableFolder[];
  /** How many files by extension do not match. */
  readonly others: ReadonlyMap<string, number>;
}

/** More links on the way to one file are a maze, in which every file has very many names. */
const MAX_LINKS = 8;

/** Files below a folder that match a pattern, links followed; dotfiles only where the pattern names them. */
export async function findFiles(options: FindFilesOptions): Promise<FoundFiles> {
  return new Search(options).run();
}

interface Place {
  readonly folder: string;
  /** Path below the searched folder, with a slash at its end. */
  readonly path: string;
  /** Real paths of the folders on the way, this one included. */
  readonly ancestors: readonly string[];
  readonly links: number;
}

class Search {
  readonly #files: string[] = [];
  readonly #notFiles: NotAFile[] = [];
  readonly #unreadable: UnreadableFolder[] = [];
  readonly #others = new Map<string, number>();
  readonly #options: FindFilesOptions;
  readonly #isMatch: (path: string) => boolean;
  readonly #isIgnored: (path: string) => boolean;
  readonly #maxDepth: number;
  readonly #entersHidden: boolean;

  constructor(options: FindFilesOptions) {
    const { pattern, anyCase = false, ignore = [] } = options;
    this.#options = options;
    this.#isMatch = picomatch(pattern, { nocase: anyCase });
    this.#isIgnored = picomatch(["**/node_modules", ...ignore], { dot: true });
    this.#maxDepth = pattern.includes("**") ? Number.POSITIVE_INFINITY : pattern.split("/").length;
    this.#entersHidden = /(?:^|[/{,(])\./.test(pattern);
  }

  async run(): Promise<FoundFiles> {
    const { folder } = this.#options;
    const real = await realpath(folder).catch(() => folder);
    const places: Place[] = [{ folder, path: "", ancestors: [real], links: 0 }];
    for (let place = places.pop(); place !== undefined; place = places.pop()) {
      for (const entry of await this.#list(place)) {
        const next = await this.#look(place, entry);
        if (next !== undefined && next.path.split("/").length <= this.#maxDepth) places.push(next);
      }
    }
    return {
      files: this.#files.toSorted(),
      notFiles: this.#notFiles.toSorted((a, b) => ascending(a.file, b.file)),
      unreadable: this.#unreadable.toSorted((a, b) => ascending(a.folder, b.folder)),
      others: this.#others,
    };
  }

  async #list({ folder }: Place): Promise<readonly Dirent[]> {
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      const { code = "unknown error" } = error as NodeJS.ErrnoException;
      // A folder that has vanished meanwhile is empty.
      if (code !== "ENOENT" && code !== "ENOTDIR") this.#unreadable.push({ folder, errno: code });
      return [];
    }
  }

  /** Notes an entry; the place to search next where it is a folder. */
  async #look(place: Place, entry: Dirent): Promise<Place | undefined> {
    const path = place.path + entry.name;
    const file = join(place.folder, entry.name);
    if ((entry.name.startsWith(".") && !this.#entersHidden) || this.#isIgnored(path)) return undefined;
    if (entry.isDirectory()) {
      const real = join(place.ancestors.at(-1) ?? place.folder, entry.name);
      return { ...place, folder: file, path: `${path}/`, ancestors: [...place.ancestors, real] };
    }
    if (entry.isFile()) return this.#note(file, path);
    if (entry.isSymbolicLink()) return this.#followLink(place, file, path);
    if (this.#isMatch(path)) this.#notFiles.push({ file, kind: "special", isFolder: false });
    return undefined;
  }

  async #followLink(place: Place, file: string, path: string): Promise<Place | undefined> {
    const isMatch = this.#isMatch(path);
    const target = await realpath(file).catch(() => undefined);
    const stats = target === undefined ? undefined : await stat(target).catch(() => undefined);
    if (target === undefined || stats === undefined) {
      // What has no extension may have been a folder.
      const isFolder = !isMatch && extname(file) === "";
      if (isMatch || isFolder) this.#notFiles.push({ file, kind: "dangling", isFolder });
      return undefined;
    }
    const isFolder = stats.isDirectory();
    const mayFollow = this.#options.mayFollow?.(target) ?? true;
    if (!mayFollow && (isFolder || isMatch)) this.#notFiles.push({ file, kind: "outside", isFolder });
    if (!mayFollow) return undefined;
    if (stats.isFile()) return this.#note(file, path);
    if (!isFolder) {
      if (isMatch) this.#notFiles.push({ file, kind: "special", isFolder });
      return undefined;
    }
    if (place.ancestors.includes(target) || place.links >= MAX_LINKS) return undefined;
    return { folder: file, path: `${path}/`, ancestors: [...place.ancestors, target], links: place.links + 1 };
  }

  #note(file: string, path: string): undefined {
    if (this.#isMatch(path)) {
      this.#files.push(file);
      return;
    }
    const extension = extname(file).toLowerCase();
    this.#others.set(extension, (this.#others.get(extension) ?? 0) + 1);
  }
}

/** Splits an entry into the folder it begins with and the pattern below it: folders that exist are taken by their names,
 * whatever brackets are in them. */
export async function splitPattern(directory: string, entry: string): Promise<{ folder: string; pattern: string }> {
  const slashes = sep === "\\" ? entry.replaceAll("\\", "/") : entry;
  const { root } = parse(slashes);
  const segments = slashes
    .slice(root.length)
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".");
  let folder = isAbsolute(slashes) ? root : resolve(directory);
  let taken = 0;
  for (const segment of segments.slice(0, -1)) {
    const next = join(folder, segment);
    if ((await stat(next).catch(() => undefined)) === undefined) break;
    folder = next;
    taken += 1;
  }
  return { folder, pattern: segments.slice(taken).join("/") };
}
