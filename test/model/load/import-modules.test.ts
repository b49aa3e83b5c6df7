import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { errorToJson } from "../../../src/core/errors.ts";
import { importProjectFile, loadExports } from "../../../src/model/load/load-files.ts";

async function createProject(files: Readonly<Record<string, string>>) {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "millrace-modules-test-")));
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  };
  await mkdir(join(directory, "node_modules"));
  for (const [name, text] of Object.entries(files)) await write(name, text);
  return {
    directory,
    write,
    import: (name: string) => importProjectFile(directory, join(directory, name)),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

test("a module knows its own place, whatever it is compiled to", async () => {
  await using project = await createProject({
    "helpers/place.ts": `
      import { readFileSync } from "node:fs";
      export const url = import.meta.url;
      export const folder = __dirname;
      export const beside = readFileSync(new URL("./prompt.md", import.meta.url), "utf8");
      export const said = "import.meta stays as it is in a text";
    `,
    "helpers/prompt.md": "Say yes.",
  });
  const { url, folder, beside, said } = await project.import("helpers/place.ts");
  expect({ url, folder, beside, said }).toEqual({
    url: `file://${project.directory}/helpers/place.ts`,
    folder: `${project.directory}/helpers`,
    beside: "Say yes.",
    said: "import.meta stays as it is in a text",
  });
});

test
  .skipIf(process.platform === "win32")
  .each(["q?z", "a#b", "a%20b", "a%zz", "x[y]{z}*", "new\nline", "back\\slash", `"'`])(
  "a project may lie in a folder called %j",
  async (name) => {
    await using parent = await createProject({
      [`${name}/models/a.ts`]: 'export { word } from "../deep/b.js";',
      [`${name}/deep/b.ts`]: "export const word: string = 'one';",
    });
    const [found] = await loadExports(join(parent.directory, name), "models/**/*.ts");
    expect(found).toMatchObject({ file: "models/a.ts", exported: { word: "one" } });
  },
);

test("what has been edited is what the next import gives", async () => {
  await using project = await createProject({
    "a.ts": 'export { word } from "./deep/b.ts";',
    "deep/b.ts": "export const word: string = 'one';",
  });
  expect((await project.import("a.ts"))["word"]).toBe("one");
  await project.write("deep/b.ts", "export const word: string = 'two';");
  expect((await project.import("a.ts"))["word"]).toBe("two");
});

test("modules that are imported together share what they import", async () => {
  await using project = await createProject({
    "shared.ts": "export const shared = {};",
    "a.unit.ts": 'export { shared } from "./shared.ts";',
    "b.unit.ts": 'export { shared } from "./shared.ts"; export const later = () => import("./shared.ts");',
  });
  const [a, b] = await loadExports(project.directory, "*.unit.ts");
  expect(b?.exported["shared"]).toBe(a?.exported["shared"]);
  const later = b?.exported["later"] as () => Promise<{ shared: object }>;
  expect((await later()).shared).toBe(a?.exported["shared"]);
});

test("without files there is nothing to compile, and nothing is kept", async () => {
  await using project = await createProject({});
  expect(await loadExports(project.directory, "*.unit.ts")).toEqual([]);
  expect(await readdir(join(project.directory, "node_modules"))).toEqual([]);
});

test("where nothing can be kept, modules are compiled at every start", async () => {
  await using project = await createProject({ "a.ts": "export const word: string = 'one';" });
  await rm(join(project.directory, "node_modules"), { recursive: true });
  await project.write("node_modules", "a file in the way");
  expect((await project.import("a.ts"))["word"]).toBe("one");
});

test("all files that are no code are named at once, each with the place", async () => {
  await using project = await createProject({
    "a.unit.ts": "export const a = ;",
    "b.unit.ts": "\nexport default { url: import.meta.url, models: ./models };",
    "c.unit.ts": 'import { gone } from "./d.ts"; export const c = gone;',
    "d.ts": "export {};",
  });
  await expect(loadExports(project.directory, "*.unit.ts")).rejects.toMatchObject({
    code: "FILE_SYNTAX",
    issues: [{ path: "a.unit.ts:1:18" }, { path: "b.unit.ts:2:48" }],
  });
  await expect(project.import("c.unit.ts")).rejects.toMatchObject({
    code: "FILE_FAILED",
    issues: [
      { path: "c.unit.ts:1:10", message: expect.stringContaining('"gone" is not exported by "d.ts"') as string },
    ],
  });
});

test("problems are named in the order of the files, whichever was loaded first", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `${index}.unit.ts`);
  // The first is the largest, and has its second problem on line 10, which sorts before 2 as a text.
  const padding = (index: number) => `// ${"x".repeat(200_000 - index * 15_000)}\n`;
  await using project = await createProject({
    ...Object.fromEntries(names.map((name, index) => [name, `${padding(index)}export const a = ;`])),
    "0.unit.ts": `${padding(0)}import { gone } from "./d.ts";${"\n".repeat(8)}import { lost } from "./d.ts"; export const c = gone + lost;`,
    "d.ts": "export {};",
  });
  const error: unknown = await loadExports(project.directory, "*.unit.ts").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    issues: names
      .slice(1)
      .toSorted()
      .map((name) => ({ path: `${name}:2:18` })),
  });
  await Promise.all(names.slice(1).map((name) => project.write(name, "export const a = 1;")));
  await expect(loadExports(project.directory, "*.unit.ts")).rejects.toMatchObject({
    issues: [{ path: "0.unit.ts:2:10" }, { path: "0.unit.ts:10:10" }],
  });
});

test("of several packages that are not installed, the first file's is named with that file", async () => {
  await using project = await createProject({
    "a.unit.ts": 'export const a = await import("./deep/a.ts");',
    "b.unit.ts": 'import "missing-b";',
    "deep/a.ts": 'import "missing-a";',
  });
  await expect(loadExports(project.directory, "*.unit.ts")).rejects.toMatchObject({
    message: "a.unit.ts could not be loaded: Cannot find package 'missing-a'",
  });
});

test("an import whose name is only known when it is called is refused, with its place", async () => {
  await using project = await createProject({
    "a.ts": "export const words = (language: string) =>\n  import(`./words/${language}.ts`);",
    "words/en.ts": "export const hello = 1;",
  });
  await expect(project.import("a.ts")).rejects.toMatchObject({
    code: "FILE_FAILED",
    issues: [{ path: "a.ts:2:10", message: expect.stringContaining("must be a plain string") as string }],
  });
});

test("a module that throws when it is loaded is named with the line", async () => {
  await using project = await createProject({
    "models/a.ts": 'import "../helpers/deep.ts";',
    "helpers/deep.ts": `// A comment\nconst key: string | undefined = undefined;\nif (key === undefined) throw new Error("no key");`,
  });
  await expect(project.import("models/a.ts")).rejects.toMatchObject({
    code: "FILE_FAILED",
    message: expect.stringMatching(/^helpers\/deep\.ts:3:\d+ could not be loaded: no key$/) as string,
  });
});

test("an import of what is not installed names the file and the package", async () => {
  await using project = await createProject({ "a.ts": 'import { x } from "not-installed"; export const y = x;' });
  await expect(project.import("a.ts")).rejects.toMatchObject({
    code: "FILE_FAILED",
    message: "a.ts could not be loaded: Cannot find package 'not-installed'",
  });
});

test("the stack of an error shows the lines that its author wrote", async () => {
  await using project = await createProject({
    "a.ts": `interface Row { readonly text: string }\n\nexport function fail(row: Row): never {\n  throw new TypeError(row.text);\n}`,
  });
  const { fail } = (await project.import("a.ts")) as { fail: (row: { text: string }) => never };
  let thrown: unknown;
  try {
    fail({ text: "no" });
  } catch (error) {
    thrown = error;
  }
  expect(errorToJson(thrown).stack?.[0]).toContain(`${project.directory}/a.ts:4:`);
});
