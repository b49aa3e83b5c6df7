import { existsSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createJiti, type Jiti } from "jiti";
import { glob } from "tinyglobby";
import { MillraceError, UsageError } from "../core/errors.ts";
import { cacheFolder } from "./cache-folder.ts";
import { findImportCycle } from "./find-import-cycle.ts";
import { guardLazyImports } from "./lazy-imports.ts";
import { isPipeline, type Pipeline } from "./pipeline.ts";
import { type ProjectConfig, resolveProjectConfig } from "./project-config.ts";
import { isModel, ModelRegistry } from "./registry.ts";

const CONFIG_FILES = ["millrace.config.ts", "millrace.config.js", "millrace.config.mjs"];

/** Reads the project's config file; a folder without one is not a project. */
export async function loadConfigFile(directory: string): Promise<ProjectConfig> {
  const name = CONFIG_FILES.find((file) => existsSync(join(directory, file)));
  if (name === undefined) {
    throw new UsageError("PROJECT_NOT_FOUND", `No millrace.config.ts in ${directory}.`, {
      hint: "Run in a project's folder, name it with --project, or write a project with `millrace init`.",
    });
  }
  const exported = await importFile(await createLoader(directory), join(directory, name), directory);
  return resolveProjectConfig(exported["default"] ?? {}, name);
}

export interface LoadedModels {
  readonly registry: ModelRegistry;
  readonly pipelines: readonly Pipeline[];
}

/** Imports the model files and registers every model and pipeline they export. */
export async function loadModels(directory: string, models: ProjectConfig["models"]): Promise<LoadedModels> {
  const registry = new ModelRegistry();
  const pipelines = new Map<string, Pipeline>();
  const paths: string[] = [];
  for (const entry of models) {
    if (typeof entry === "string") paths.push(entry);
    else registry.register(entry);
  }
  const loader = await createLoader(directory);
  for (const file of await findModelFiles(directory, paths)) {
    const exported = await importFile(loader, file, directory);
    for (const value of Object.values(exported)) {
      if (isModel(value)) registry.register(value, relative(directory, file));
      if (isPipeline(value)) pipelines.set(value.name, value);
    }
  }
  return { registry, pipelines: [...pipelines.values()] };
}

/** Everything that the project's files of this pattern export, by file. */
export async function loadExports(
  directory: string,
  pattern: string,
): Promise<readonly { readonly file: string; readonly exported: Readonly<Record<string, unknown>> }[]> {
  const ignore = ["**/node_modules/**", "**/dist/**", "**/.*/**"];
  const files = await glob(pattern, { cwd: directory, absolute: true, ignore });
  const loader = await createLoader(directory);
  const loaded: { file: string; exported: Record<string, unknown> }[] = [];
  for (const file of files.toSorted())
    loaded.push({ file: relative(directory, file), exported: await importFile(loader, file, directory) });
  return loaded;
}

async function findModelFiles(directory: string, entries: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const entry of entries) {
    const path = resolve(directory, entry);
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const pattern = isFolder ? "**/*.{ts,mts,js,mjs}" : entry;
    const found = await glob(pattern, {
      cwd: isFolder ? path : directory,
      absolute: true,
      ignore: ["**/node_modules/**", "**/*.d.ts", "**/*.test.*", "**/*.spec.*", "**/*.unit.*"],
    });
    if (found.length === 0) {
      throw new UsageError("MODELS_NOT_FOUND", `No model files at "${entry}" of ${directory}.`, {
        hint: "Correct `models` in millrace.config.ts, or write a first model with `millrace new model`.",
      });
    }
    for (const file of found) files.add(file);
  }
  return [...files].toSorted();
}

// Models must meet the same copy of this package that runs them, wherever they resolve it from. What every model imports
// is given to them as it is: to look it up for each file takes longer than to load the file.
async function createLoader(directory: string): Promise<Jiti> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const entry = (name: string) => new URL(`../${name}.${extension}`, import.meta.url);
  const base = join(directory, "millrace.config.ts");
  const compiler = createJiti(base, { fsCache: false });
  return createJiti(base, {
    fsCache: cacheFolder(directory) ?? false,
    transform: (source) => ({ code: guardLazyImports(compiler.transform(source)) }),
    virtualModules: {
      millrace: await import(entry("index").href),
      "millrace/schema": await import(entry("schema").href),
    },
    alias: { "millrace/llm": fileURLToPath(entry("llm")), "millrace/testing": fileURLToPath(entry("testing")) },
  });
}

/** Imports any module of a project as its model files are imported; `file` is an absolute path. */
export async function importProjectFile(directory: string, file: string): Promise<Record<string, unknown>> {
  return importFile(await createLoader(directory), file, directory);
}

async function importFile(loader: Jiti, file: string, directory: string): Promise<Record<string, unknown>> {
  try {
    return await loader.import<Record<string, unknown>>(file);
  } catch (error) {
    throw await explainImportFailure(error, file, directory);
  }
}

async function explainImportFailure(error: unknown, file: string, directory: string): Promise<MillraceError> {
  const name = relative(directory, file);
  const isCycle = error instanceof MillraceError ? error.code === "REF_UNDEFINED" : error instanceof ReferenceError;
  const cycle = isCycle ? await findImportCycle(file) : undefined;
  if (cycle !== undefined) {
    const path = cycle.map((step) => relative(directory, step)).join(" → ");
    return new UsageError("IMPORT_CYCLE", `Model files import each other in a circle: ${path}.`, {
      cause: error,
      hint: 'Let one of them name the other instead of importing it: ref("namespace.model").',
    });
  }
  if (error instanceof MillraceError && error.code !== "REF_UNDEFINED") return error;
  const reason = error instanceof Error ? firstLines(error.message.replaceAll(`${directory}/`, "")) : String(error);
  return new UsageError(
    error instanceof SyntaxError || /ParseError|SyntaxError/.test(reason) ? "FILE_SYNTAX" : "FILE_FAILED",
    `${name} could not be loaded: ${reason}`,
    {
      cause: error,
      hint: `Correct ${name}; \`--verbose\` shows the stack.`,
    },
  );
}

function firstLines(message: string): string {
  return message.split("\n").slice(0, 6).join("\n").trim();
}
