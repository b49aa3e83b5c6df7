import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../../../core/errors.ts";
import type { AiSdkModel } from "./ai-sdk.ts";

type Factory = (settings: { readonly apiKey: string }) => (model: string) => AiSdkModel;

/** Loads a provider of the AI SDK from the user's project; it is not a dependency of Millrace. */
export async function loadAiSdkProvider(
  packageName: string,
  {
    factories,
    projectFolder = process.cwd(),
  }: { readonly factories: readonly string[]; readonly projectFolder?: string | undefined },
): Promise<Factory> {
  const module = await importFrom(packageName, projectFolder);
  const create = factories.map((name) => module[name]).find((member) => typeof member === "function");
  if (create === undefined) {
    throw new UsageError("LLM_PACKAGE", `The installed ${packageName} has no ${factories.join(" or ")}.`, {
      hint: `Run: npm install ${packageName}@latest`,
    });
  }
  return create as Factory;
}

async function importFrom(packageName: string, folder: string): Promise<Readonly<Record<string, unknown>>> {
  const require = createRequire(join(folder, "package.json"));
  try {
    const path = resolve(require, packageName);
    const module = (await import(path ?? packageName)) as Readonly<Record<string, unknown>>;
    const inner = module["default"];
    return typeof inner === "object" && inner !== null ? { ...inner, ...module } : module;
  } catch (error) {
    // If the package is installed but fails, or lacks a dependency, its own error explains it best.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes(`'${packageName}'`)) throw error;
    throw new UsageError("LLM_PACKAGE", `The package ${packageName} is not installed.`, {
      hint: `Run: npm install ${packageName}`,
      cause: error,
    });
  }
}

// Looked for from the project's folder: where packages are kept apart, Millrace does not see the project's.
function resolve(require: NodeJS.Require, packageName: string): string | undefined {
  try {
    return pathToFileURL(require.resolve(packageName)).href;
  } catch {
    return undefined;
  }
}
