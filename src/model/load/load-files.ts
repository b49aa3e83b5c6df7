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
  const exported = await importProjectFile(directory, join(directory, name));
  return resolveProjectConfig(exported["default"] ?? {}, name);
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
  for (const [index, exported] of modules.entries()) {
    for (const value of Object.values(exported)) {
      if (isModel(value)) registry.register(value, relative(directory, found[index] ?? ""));
      if (isPipeline(value)) pipelines.set(value.name, value);
    }
  }
  registry.noteUnexported(declared);
  return { registry, pipelines: [...pipelines.values()], files };
}

/** Everything that the project's files of this pattern export, by file. */
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
