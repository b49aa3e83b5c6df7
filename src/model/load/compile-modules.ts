import { isBuiltin } from "node:module";
import { extname, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { type Plugin, rolldown } from "rolldown";
import { findComputedImport, withOwnPlace } from "./module-place.ts";
import { isOwnModule, offerOwnModule, ownModuleText } from "./own-modules.ts";
import { isCode, type ProjectFiles } from "../code/project-files.ts";

const ENTRY = "\0millrace:entry";
const OWN = "\0millrace:own:";

/** The names that each used module of this package exports. */
type OwnNames = Record<string, readonly string[]>;

export interface CompileOptions {
  readonly directory: string;
  /** Absolute paths of the requested modules. */
  readonly files: readonly string[];
  readonly project: ProjectFiles;
  /** Folder for the output: `entry.mjs`, which exports the modules as `m0`, `m1`…, and what it imports. */
  readonly out: string;
}

/**
 * Compiles a project's modules, and all they import from the project, into as few JavaScript files as possible: finding and
 * loading hundreds of them one by one takes longer than running them. Packages stay where they are.
 *
 * @returns the modules of this package that must be offered before the entry is imported, and what they export
 */
export async function compileModules({
  directory,
  files,
  project,
  out,
}: CompileOptions): Promise<Readonly<Record<string, readonly string[]>>> {
  const own: OwnNames = {};
  const entry = files.map((file, index) => `export * as m${index} from ${JSON.stringify(file)};`).join("\n");
  const bundle = await rolldown({
    input: ENTRY,
    cwd: directory,
    platform: "node",
    tsconfig: false,
    logLevel: "silent",
    treeshake: false,
    plugins: [modulesPlugin(entry, { project, own })],
  });
  try {
    await bundle.write({
      dir: out,
      format: "esm",
      entryFileNames: "entry.mjs",
      chunkFileNames: "[name]-[hash].mjs",
      sourcemap: true,
      keepNames: true,
    });
  } finally {
    await bundle.close();
  }
  return own;
}

function modulesPlugin(entry: string, { project, own }: { project: ProjectFiles; own: OwnNames }): Plugin {
  return {
    name: "millrace-modules",
    async resolveId(specifier, importer = "") {
      if (specifier === ENTRY) return ENTRY;
      if (isOwnModule(specifier)) return OWN + specifier;
      if (isBuiltin(specifier)) return { id: specifier, external: true };
      const path = project.resolve(specifier, importer);
      if (path !== undefined) return path;
      const found = await this.resolve(specifier, importer, { skipSelf: true });
      // A missing package may not be needed; importing the module will show.
      if (found === null) return /^[./]/.test(specifier) ? null : { id: specifier, external: true };
      const isPackage = found.id.includes(`${sep}node_modules${sep}`) || !/\.[cm]?tsx?$/.test(found.id);
      return isPackage ? { id: pathToFileURL(found.id).href, external: true } : found.id;
    },
    async load(id) {
      if (id === ENTRY) return { code: entry, moduleType: "js" };
      if (id.startsWith(OWN)) {
        const specifier = id.slice(OWN.length);
        own[specifier] = await offerOwnModule(specifier);
        return { code: ownModuleText(specifier, own[specifier]), moduleType: "js" };
      }
      if (!isCode(id) || extname(id) === ".json") return null;
      const text = project.textOf(id);
      const computed = findComputedImport(id, text);
      if (computed !== undefined) this.error({ id, ...computed });
      return withOwnPlace(id, text);
    },
  };
}
