import { extname } from "node:path";
import { type Plugin, rolldown } from "rolldown";
import { editText, type TextEdit } from "./edit-text.ts";
import { findRun } from "./find-declaration.ts";
import type { ImportedPackage } from "./find-package.ts";
import { digestBesideFiles, dropMetadata, isolateValues } from "./isolate-values.ts";
import { minifyCode, parseStatements } from "./minify-code.ts";
import { orderStatements } from "./order-statements.ts";
import { contentDigest, isCode, type ProjectFiles, type Reached } from "./project-files.ts";
import type { SyntaxNode } from "./syntax-tree.ts";

const ENTRY = "\0millrace:run";
const RUN = "__millrace_run";

interface Module {
  readonly statements: readonly SyntaxNode[];
  readonly text: string;
  readonly edits: readonly TextEdit[];
  /** Imports without names, which are there for their side effects. */
  readonly imported: ReadonlySet<string>;
}

interface Root {
  readonly path: string;
  /** The property of the declaration. */
  readonly run: SyntaxNode;
}

/** Bundles a model's function and all it uses into one text, which changes only when its behaviour can. */
export class RunBundler {
  readonly #files: ProjectFiles;
  readonly #modules = new Map<string, Module>();

  constructor(files: ProjectFiles) {
    this.#files = files;
  }

  /** The code of a model that one of these files declares; the first of them is the file that exports it. */
  async bundle(model: string, { files, packages }: Reached): Promise<string> {
    const [file = ""] = files;
    for (const path of files.filter((name) => isCode(name) && extname(name) !== ".json")) {
      const run = findRun(this.#module(path).statements, model);
      if (run !== undefined)
        return this.#build(`export { ${RUN} as run } from ${JSON.stringify(path)};`, packages, { path, run });
    }
    // The model comes from a function of the project, so everything its file exports counts.
    return this.#build(`import * as run from ${JSON.stringify(file)}; export { run };`, packages);
  }

  async #build(entry: string, reached: readonly ImportedPackage[], root?: Root): Promise<string> {
    const packages = [...reached];
    const bundle = await rolldown({
      input: ENTRY,
      platform: "node",
      tsconfig: false,
      logLevel: "silent",
      treeshake: { moduleSideEffects: false, propertyReadSideEffects: false, unknownGlobalSideEffects: false },
      plugins: [this.#plugin(entry, root, packages)],
    });
    try {
      const { output } = await bundle.generate({ format: "esm", codeSplitting: false, comments: false });
      const text = output[0].code;
      const code = minifyCode(orderStatements(text, parseStatements("bundle.mjs", text)));
      return [...usedVersions(code, packages), code].join("\n");
    } finally {
      await bundle.close();
    }
  }

  #plugin(entry: string, root: Root | undefined, packages: ImportedPackage[]): Plugin {
    const effective = new Set<string>();
    return {
      name: "millrace",
      resolveId: (specifier, importer) => {
        if (specifier === ENTRY) return ENTRY;
        const path = this.#files.resolve(specifier, importer ?? "");
        if (path !== undefined && isCode(path)) {
          const hasEffect = importer !== undefined && this.#modules.get(importer)?.imported.has(specifier) === true;
          if (hasEffect) effective.add(path);
          return { id: path, moduleSideEffects: effective.has(path) };
        }
        const found = importer === undefined ? undefined : this.#files.packageOf(specifier, importer);
        if (found?.linkedFolder !== undefined) return null;
        if (found !== undefined) packages.push(found);
        return { id: specifier, external: true, moduleSideEffects: false };
      },
      load: (id) => {
        if (id === ENTRY) return { code: entry, moduleType: "js" };
        if (extname(id) === ".json") return null;
        const { text, edits } = this.#module(id);
        const code = editText(text, edits);
        if (id !== root?.path) return { code, moduleType: moduleType(id) };
        const run = text.slice(root.run.start, root.run.end);
        return { code: `${code}\nexport const ${RUN} = ({ ${run} }).run;`, moduleType: moduleType(id) };
      },
    };
  }

  #module(path: string): Module {
    const known = this.#modules.get(path);
    if (known !== undefined) return known;
    const text = this.#files.textOf(path);
    const statements = parseStatements(path, text);
    const besides = digestBesideFiles(statements, (name) => {
      const file = this.#files.resolve(name, path);
      return file === undefined ? undefined : contentDigest(file);
    });
    const edits = [...dropMetadata(statements), ...besides, ...isolateValues(statements)];
    const imported = new Set(statements.flatMap(importedForEffect));
    const module = { statements, text, edits, imported };
    this.#modules.set(path, module);
    return module;
  }
}

function importedForEffect(statement: SyntaxNode): readonly string[] {
  const isBare = statement.type === "ImportDeclaration" && (statement["specifiers"] as unknown[]).length === 0;
  return isBare ? [(statement["source"] as SyntaxNode)["value"] as string] : [];
}

// What a package does may change with its version, so the version is part of the code that calls it.
function usedVersions(code: string, packages: readonly ImportedPackage[]): readonly string[] {
  const isUsed = (name: string) => ['"', "'", "`"].some((quote) => code.includes(quote + name + quote));
  const used = packages.filter(({ specifier }) => isUsed(specifier)).map(({ name, version }) => `${name}@${version}`);
  return [...new Set(used)].toSorted();
}

function moduleType(path: string): "ts" | "tsx" | "jsx" | "js" {
  const end = extname(path);
  if (end === ".tsx") return "tsx";
  if (end === ".jsx") return "jsx";
  return end.endsWith("ts") ? "ts" : "js";
}
