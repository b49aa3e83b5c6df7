import { existsSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { findFiles, splitPattern } from "../../core/find-files.ts";
import { withDeclared } from "../declared-models.ts";
import { explainImportFailure } from "./explain-import-failure.ts";
import { type Exports, importModules } from "./import-modules.ts";
import { isPipeline, type Pipeline } from "../pipeline.ts";
import { ProjectFiles } from "../code/project-files.ts";
import { type ProjectConfig, resolveProjectConfig } from "../project-config.ts";
import { isModel, ModelRegistry } from "../registry.ts";

const CONFIG_FILES = ["millrace.config.ts", "millrace.config.js", "millrace.config.mjs"];

/** Reads the project's config file; a folder without one is not a project. */
export async function loadConfigFile(directory: string): Promise<ProjectConfig> {
  const name = CONFIG_FILES.find((file) => existsSync(join(directory, file)));
  if (name === undefined) {
    throw new UsageError("PROJECT_NOT_FOUND", `No millrace.config.ts in ${directory}.`, {
      hint: "Run in a project's folder, pass it with --project, or create a project with `millrace init`.",
    });
  }
  const { default: config } = await importProjectFile(directory, join(directory, name));
  if (config === undefined || config === null) {
    const found = config === null ? "exports null" : "has no default export";
    throw new UsageError("CONFIG_INVALID", `${name} ${found}, so none of its settings would count.`, {
      hint: "Write `export default defineConfig({ … })`; `defineConfig({})` stands for the defaults.",
    });
  }
  return resolveProjectConfig(config, name);
}

export interface LoadedModels {
  readonly registry: ModelRegistry;
  readonly pipelines: readonly Pipeline[];
  /** What they were loaded from. */
  readonly files: ProjectFiles;
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
  const found = await findModelFiles(directory, paths);
  const files = new ProjectFiles(directory);
  const { result: modules, declared } = await withDeclared(() => importFiles(directory, found, files));
  const idle: string[] = [];
  for (const [index, exported] of modules.entries()) {
    const file = found[index] ?? "";
    for (const value of Object.values(exported)) {
      if (isModel(value)) registry.register(value, relative(directory, file));
      if (isPipeline(value)) pipelines.set(value.name, value);
    }
    if (!Object.values(exported).some((value) => isModel(value) || isPipeline(value))) idle.push(file);
  }
  registry.noteUnexported(declared);
  if (idle.length > 0 && registry.unexported.length === 0) {
    // What a model file imports is its helper.
    const users = found.filter((file) => !idle.includes(file));
    const used = new Set(users.flatMap((file) => files.reachedFrom(file).files));
    registry.noteIdleFiles(idle.filter((file) => !used.has(file)).map((file) => relative(directory, file)));
  }
  return { registry, pipelines: [...pipelines.values()], files };
}

/** Everything that the project's files matching this pattern export, by file. */
export async function loadExports(
  directory: string,
  pattern: string,
): Promise<readonly { readonly file: string; readonly exported: Exports }[]> {
  const { files } = await findFiles({ folder: directory, pattern, ignore: ["**/dist", "**/.*"] });
  const modules = await importFiles(directory, files);
  return modules.map((exported, index) => ({ file: relative(directory, files[index] ?? ""), exported }));
}

async function findModelFiles(directory: string, entries: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const entry of entries) {
    const path = resolve(directory, entry);
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const { files: found } = await findFiles({
      ...(isFolder ? { folder: path, pattern: "**/*.{ts,mts,js,mjs}" } : await splitPattern(directory, entry)),
      ignore: ["**/*.d.ts", "**/*.test.*", "**/*.spec.*", "**/*.unit.*"],
    });
    if (found.length === 0) {
      throw new UsageError("MODELS_NOT_FOUND", `No model files match "${entry}" in ${directory}.`, {
        hint: "Fix `models` in millrace.config.ts, or create a first model with `millrace new model`.",
      });
    }
    for (const file of found) files.add(file);
  }
  return [...files].toSorted();
}

/** Imports any module of a project as its model files are imported; `file` is an absolute path. */
export async function importProjectFile(directory: string, file: string): Promise<Exports> {
  const [exported = {}] = await importFiles(directory, [file]);
  return exported;
}

async function importFiles(
  directory: string,
  files: readonly string[],
  project?: ProjectFiles,
): Promise<readonly Exports[]> {
  try {
    return await importModules(directory, files, project);
  } catch (error) {
    throw await explainImportFailure(error, { directory, files });
  }
}
