import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSync } from "rolldown/utils";
import { nodesOf, type SyntaxNode, walk } from "../../src/model/code/syntax-tree.ts";

/** A source file as its imports and exports show it. */
export interface ModuleFile {
  readonly path: string;
  /** Paths of the files, or names of the packages, that it imports: as types and on demand too. */
  readonly imports: readonly string[];
  /** Names that it declares for others or passes on. */
  readonly exports: readonly string[];
}

/** The TypeScript files below a folder. */
export function readModules(folder: string): readonly ModuleFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .toSorted()
    .map((path) => parseModule(path, readFileSync(path, "utf8")));
}

export function parseModule(path: string, text: string): ModuleFile {
  const { module, program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const exported = module.staticExports.flatMap(({ entries }) => entries);
  const requests = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...exported.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    // Going through every node takes most of the time.
    ...(text.includes("import(") ? requestedOnDemand(program as unknown as SyntaxNode) : []),
  ];
  return {
    path,
    imports: [...new Set(requests.map((request) => resolveRequest(path, request)))],
    exports: exported.flatMap(({ exportName }) => exportName.name ?? []),
  };
}

/** `import("…")`, as an expression or as a type. */
function requestedOnDemand(program: SyntaxNode): readonly string[] {
  const found: string[] = [];
  walk(program, (node) => {
    if (node.type !== "ImportExpression" && node.type !== "TSImportType") return;
    for (const { value } of nodesOf(node["source"])) if (typeof value === "string") found.push(value);
  });
  return found;
}

function resolveRequest(path: string, request: string): string {
  return request.startsWith(".") ? join(dirname(path), request).replaceAll("\\", "/") : request;
}
