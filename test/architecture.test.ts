import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { type ModuleFile, parseModule, readModules } from "./support/read-modules.ts";

const page = readFileSync("ARCHITECTURE.md", "utf8");
const modules = readModules("src");
const known = new Set(modules.map(({ path }) => path));

/** The code in the first and the second column of the table below a heading. */
function tableBelow(heading: string): readonly (readonly [string, readonly string[]])[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = [...section.matchAll(/^\| `([^`]+)` +\|([^|\n]*)\|$/gm)];
  return rows.map(([, first = "", second = ""]) => [
    first,
    [...second.matchAll(/`([^`]+)`/g)].map(([, code]) => code!),
  ]);
}

const folders = tableBelow("The folders").map(([folder]) => folder);
const packages = tableBelow("One package, one place");

const folderOf = (path: string) => (dirname(path) === "src" ? "src/*.ts" : dirname(path));

/** Imports of a file that stands further down in the list of folders. */
function upwardImports(files: readonly ModuleFile[]): readonly string[] {
  const rung = (path: string) => folders.indexOf(folderOf(path));
  return files.flatMap(({ path, imports }) =>
    imports.filter((other) => known.has(other) && rung(other) > rung(path)).map((other) => `${path} → ${other}`),
  );
}

/** Ways from a file back to itself, the shortest one for each file that begins one. */
function circles(files: readonly ModuleFile[]): readonly string[] {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]));
  const found = new Map<string, string>();
  for (const { path } of files) {
    const cameFrom = new Map<string, string>();
    const queue = [path];
    for (const file of queue) {
      for (const next of importsOf.get(file) ?? []) {
        if (cameFrom.has(next) || !importsOf.has(next)) continue;
        cameFrom.set(next, file);
        queue.push(next);
      }
    }
    if (!cameFrom.has(path)) continue;
    const way = [path];
    for (let at = cameFrom.get(path)!; at !== path; at = cameFrom.get(at)!) way.unshift(at);
    way.unshift(path);
    const key = way.slice(1).toSorted().join();
    if (!found.has(key)) found.set(key, way.join(" → "));
  }
  return [...found.values()];
}

describe("the folders of src", () => {
  test("are those that ARCHITECTURE.md lists", () => {
    expect(new Set(modules.map(({ path }) => folderOf(path)))).toEqual(new Set(folders));
  });

  test("are imported down that list only", () => {
    expect(upwardImports(modules)).toEqual([]);
  });

  test("have no circles of files", () => {
    expect(circles(modules)).toEqual([]);
  });
});

test("a package that stands behind one file is imported by no other", () => {
  expect(packages.length).toBeGreaterThan(0);
  const importers = packages.map(([name]) => {
    const isOf = (request: string) => request === name || request.startsWith(`${name}/`);
    return [name, modules.filter(({ imports }) => imports.some(isOf)).map(({ path }) => path)];
  });
  expect(importers).toEqual(packages);
});

test("a name is exported by one file, the entries aside", () => {
  const homes = new Map<string, readonly string[]>();
  for (const { path, exports } of modules.filter((module) => folderOf(module.path) !== "src/*.ts"))
    for (const name of new Set(exports)) homes.set(name, [...(homes.get(name) ?? []), path]);
  const repeated = [...homes].filter(([, paths]) => paths.length > 1);
  expect(repeated.map(([name, paths]) => `${name}: ${paths.join(", ")}`)).toEqual([]);
});

test("every file that ARCHITECTURE.md names is there", () => {
  const named = [...page.matchAll(/`([\w./-]+\.ts)`/g)]
    .map(([, path = ""]) => path)
    // Belongs to the user's project.
    .filter((path) => path !== "millrace.config.ts");
  expect(named.length).toBeGreaterThan(0);
  const isThere = (path: string) => existsSync(path) || existsSync(`src/${path}`);
  expect(named.filter((path) => !isThere(path))).toEqual([]);
});

test("imports are seen in every form", () => {
  const text = `
    import { a } from "./static.ts";
    import type { B } from "../core/type.ts";
    export { c as d } from "./passed.ts";
    export const load = () => import("./loaded.ts");
    export type E = import("./in-type.ts").E;
    // import "./comment.ts"
    const quoted = 'import "./quoted.ts"';
  `;
  expect(parseModule("src/table/a.ts", text)).toEqual({
    path: "src/table/a.ts",
    imports: [
      "src/table/static.ts",
      "src/core/type.ts",
      "src/table/passed.ts",
      "src/table/loaded.ts",
      "src/table/in-type.ts",
    ],
    exports: ["d", "load", "E"],
  });
});

test("an import that runs up and a circle are found, with the files", () => {
  const file = (path: string, ...imports: string[]): ModuleFile => ({ path, imports, exports: [] });
  expect(upwardImports([file("src/core/hash.ts", "src/cli/main/main.ts", "zod")])).toEqual([
    "src/core/hash.ts → src/cli/main/main.ts",
  ]);
  expect(circles([file("a", "b"), file("b", "c", "d"), file("c", "a"), file("d", "zod")])).toEqual(["a → b → c → a"]);
});
