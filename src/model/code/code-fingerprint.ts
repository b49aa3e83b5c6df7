import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { sha256 } from "../../core/hash.ts";
import type { RunBundler } from "./bundle-run.ts";
import { cacheFolder } from "./cache-folder.ts";
import { DigestCache } from "./digest-cache.ts";
import type { AnyModel } from "../any-model.ts";
import { ProjectFiles } from "./project-files.ts";

/** Part of the cache key; raise it when the same code gets another digest. */
const RECIPE = 2;

export interface CodeFingerprint {
  /**
   * Digest of the texts: of the `run` function and of every file of the project that it reaches, as they stand on
   * disk, with the versions of the packages they import.
   */
  readonly source: string;
  /** Digest of the bundled and minified function: names, comments, formatting, sibling and upstream models do not count. */
  readonly code: string;
  /** Whether it may ask a language model: it, or what it calls, uses the argument of that name. */
  readonly asksLlm: boolean;
}

export interface CodeFingerprints {
  /** `file` is relative to the directory; without a known file, only the function itself counts. */
  of(model: AnyModel, file: string | undefined): Promise<CodeFingerprint>;
  /** The same without loading the tools: code that is not cached is identified by its texts. */
  known(model: AnyModel, file: string | undefined): CodeFingerprint;
}

/**
 * What a model's function is made of. A function is another one when both digests differ: the texts may change without
 * a change of what is done, and other tools may make other code of the same texts.
 */
export function createCodeFingerprints(
  directory: string,
  /** The files as the models were loaded from them, where they were loaded from files. */
  files: ProjectFiles = new ProjectFiles(directory),
): CodeFingerprints {
  const folder = cacheFolder(directory);
  const cache = folder === undefined ? undefined : new DigestCache(join(folder, "code"));
  const tools = `${RECIPE} ${toolVersion()}`;
  let bundler: Promise<RunBundler> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  // The tools take longer to load than everything else together, and most of the time nothing has changed.
  const loadBundler = async () => {
    const { RunBundler } = await import("./bundle-run.ts");
    return new RunBundler(files);
  };
  const entryOf = (name: string, source: string) => ({ name, key: sha256(`${tools}\n${source}`) });
  const readCache = (name: string, source: string): CodeFingerprint | undefined => {
    const [code, asks] = cache?.read(entryOf(name, source))?.split(" ") ?? [];
    return code === undefined ? undefined : { source, code, asksLlm: asks === ASKS };
  };
  // What is known without loading the tools.
  const byTexts = (model: AnyModel, source: string): CodeFingerprint => {
    return { source, code: source, asksLlm: mentionsLlm(model.run.toString()) };
  };
  const cached = async (
    name: string,
    fallback: CodeFingerprint,
    makeCode: () => Promise<string>,
  ): Promise<CodeFingerprint> => {
    const { source } = fallback;
    const known = readCache(name, source);
    if (known !== undefined) return known;
    // One at a time, because each holds its files and trees in memory.
    const made = last.then(makeCode);
    last = made.catch(() => undefined);
    try {
      const text = await made;
      const found = { source, code: sha256(text), asksLlm: mentionsLlm(text) };
      cache?.write(entryOf(name, source), found.asksLlm ? `${found.code} ${ASKS}` : found.code);
      return found;
    } catch {
      // Tools that do not work here must not stop a run. Whatever is edited then counts as a change.
      return fallback;
    }
  };

  const pathOf = (file: string | undefined) => {
    const path = file === undefined ? undefined : join(directory, file);
    return path === undefined || !existsSync(path) ? undefined : path;
  };

  return {
    known(model, file) {
      const path = pathOf(file);
      const source = path === undefined ? sha256(model.run.toString()) : files.reachedFrom(path).digest;
      const name = path === undefined ? source : `${directory}\n${model.name}`;
      return readCache(name, source) ?? byTexts(model, source);
    },
    async of(model, file) {
      const path = pathOf(file);
      if (path === undefined) {
        const text = model.run.toString();
        const source = sha256(text);
        // Not by the folder, because a test uses a new one each time.
        return cached(source, byTexts(model, source), async () =>
          (await import("./minify-code.ts")).minifyFunction(text),
        );
      }
      const reached = files.reachedFrom(path);
      return cached(`${directory}\n${model.name}`, byTexts(model, reached.digest), async () => {
        bundler ??= loadBundler();
        return (await bundler).bundle(model.name, reached);
      });
    },
  };
}

const ASKS = "llm";

// Names of arguments and members survive minifying; the module of that name is no question yet.
const mentionsLlm = (code: string) => /\bllm\b/.test(code.replaceAll("millrace/llm", ""));

function toolVersion(): string {
  const { version } = createRequire(import.meta.url)("rolldown/package.json") as { readonly version: string };
  return version;
}
