import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { sha256 } from "../../core/hash.ts";
import { findPackage, type ImportedPackage } from "./find-package.ts";

const CODE = [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx", ".json"];
const IMPORT = /\b(?:from|import|require)\s*\(?\s*(?:\/\*.*?\*\/\s*)?(["'])([^"'\n]+)\1/gs;
const RELATIVE = /(["'`])(\.\.?\/[^"'`\n]*)\1/g;
const BESIDE = /\bnew URL\(\s*(["'`])(\.[^"'`\n]*)\1\s*,\s*import\.meta\.url/g;
/** A longer file is data rather than a part of the program: it counts by its length. */
const MAX_TEXT_LENGTH = 1_000_000;

interface ProjectFile {
  readonly text: string;
  /** Identifies the file and its content, the same on every machine. */
  readonly digest: string;
  /** Files that its text names, by what it calls them. */
  readonly files: readonly string[];
  readonly packages: readonly ImportedPackage[];
}

/** The files and packages that files of the project reach, themselves included. */
export interface Reached {
  readonly files: readonly string[];
  readonly packages: readonly ImportedPackage[];
  /** Changes with the text of any of the files, and with the version of any of the packages. */
  readonly digest: string;
}

/** Files of a project by what they import. Every file is read once. */
export class ProjectFiles {
  readonly #directory: string;
  readonly #files = new Map<string, ProjectFile>();
  readonly #packages = new Map<string, ImportedPackage | undefined>();
  readonly #linked = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  reachedFrom(...roots: readonly string[]): Reached {
    const files = new Set(roots);
    const packages = new Set<ImportedPackage>();
    for (const path of files) {
      const found = this.#read(path);
      for (const next of found.files) files.add(next);
      for (const one of found.packages) packages.add(one);
    }
    const lines = [
      ...[...files].map((path) => this.#read(path).digest),
      ...[...packages].map((one) => `${one.name}@${one.version} ${this.#linkedDigest(one)}`),
    ];
    return { files: [...files], packages: [...packages], digest: sha256([...new Set(lines)].toSorted().join("\n")) };
  }

  /** The text of a module, as it was when its digest was made. */
  textOf(path: string): string {
    return this.#read(path).text;
  }

  /** The project's own file that an import means; undefined for a package's. */
  resolve(specifier: string, importer: string): string | undefined {
    if (specifier.startsWith("#")) return resolveSubpath(specifier, importer);
    if (!/^\.\.?(?:\/|$)/.test(specifier) && !isAbsolute(specifier)) return undefined;
    // A folder's name may contain a character that starts a query in a URL.
    const names = new Set([specifier, specifier.replace(/[?#].*$/, "")]);
    const candidates = [...names].flatMap((name) => candidatesOf(resolve(dirname(importer), name)));
    return candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true);
  }

  packageOf(specifier: string, importer: string): ImportedPackage | undefined {
    const folder = dirname(importer);
    const key = `${folder}\n${specifier}`;
    if (!this.#packages.has(key)) this.#packages.set(key, findPackage(specifier, folder));
    return this.#packages.get(key);
  }

  // Every string that could name a file or a package counts, also in a comment: one too many costs a comparison, one
  // too few would leave rows as they are that new code would make otherwise.
  #read(path: string): ProjectFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const text = isCode(path) ? readFileSync(path, "utf8") : "";
    const imported = matches(text, IMPORT);
    const modules = [...imported, ...matches(text, RELATIVE)].map((specifier) => this.resolve(specifier, path));
    const beside = matches(text, BESIDE).map((name) => this.resolve(name, path));
    const files = new Set([...modules.filter((module) => module !== undefined && isCode(module)), ...beside]);
    const packages = imported.map((specifier) =>
      /^[./]/.test(specifier) ? undefined : this.packageOf(specifier, path),
    );
    const digest = isCode(path) ? sha256(text) : contentDigest(path);
    const file = {
      text,
      digest: `${this.#nameOf(path)} ${digest}`,
      files: [...files].filter(isDefined),
      packages: packages.filter(isDefined),
    };
    this.#files.set(path, file);
    return file;
  }

  #linkedDigest({ linkedFolder }: ImportedPackage): string {
    if (linkedFolder === undefined) return "";
    const known = this.#linked.get(linkedFolder);
    if (known !== undefined) return known;
    const files = listCode(linkedFolder).toSorted();
    const digest = sha256(
      files.map((file) => `${relative(linkedFolder, file)} ${sha256(readFileSync(file))}`).join("\n"),
    );
    this.#linked.set(linkedFolder, digest);
    return digest;
  }

  // The folder of the project may move, and may be called otherwise on another machine.
  #nameOf(path: string): string {
    return relative(this.#directory, path).split(sep).join("/");
  }
}

/** Changes with the content of a text file beside the code, such as a prompt. */
export function contentDigest(path: string): string {
  const { size } = statSync(path);
  return size > MAX_TEXT_LENGTH ? `${size} bytes` : sha256(readFileSync(path));
}

/** Whether a file is one that a module can be made of, by its name. */
export function isCode(path: string): boolean {
  return CODE.includes(extname(path)) && !/\.d\.[cm]?ts$/.test(path);
}

function candidatesOf(path: string): readonly string[] {
  const typed = path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  return [path, typed, ...CODE.map((end) => path + end), ...CODE.map((end) => join(path, `index${end}`))];
}

function resolveSubpath(specifier: string, importer: string): string | undefined {
  try {
    const path = createRequire(importer).resolve(specifier);
    return path.includes(`${sep}node_modules${sep}`) ? undefined : path;
  } catch {
    // A name that package.json does not list is a string but not an import.
    return undefined;
  }
}

function listCode(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name === "node_modules" || entry.name.startsWith(".")) return [];
    if (entry.isDirectory()) return listCode(path);
    return CODE.includes(extname(path)) && statSync(path, { throwIfNoEntry: false })?.isFile() === true ? [path] : [];
  });
}

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, , found = ""]) => found);
const isDefined = <Value>(value: Value | undefined): value is Value => value !== undefined;
