import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { modelTemplate } from "../../src/cli/model-template.ts";
import { createFolder, REPOSITORY, runCli } from "./run-cli.ts";

const tsc = (cwd: string) =>
  promisify(execFile)(process.execPath, [join(REPOSITORY, "node_modules/typescript/bin/tsc")], { cwd });

test("init writes a project that type-checks with a further model, and says what to type next", async () => {
  await using folder = await createFolder();
  const { code, stdout, stderr } = await runCli(["init", "notes"], { cwd: folder.path });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.replace(REPOSITORY.replace(/\/$/, ""), "<clone>")).toMatchInlineSnapshot(`
    "✓ Wrote 9 files to notes
      package.json
      tsconfig.json
      millrace.config.ts
      models/sections.ts
      models/outlines.ts
      docs/tides.md
      docs/lighthouses.md
      .gitignore
      README.md

    Next:
      cd notes
      npm install --install-links <clone>
      npx millrace run
      npx millrace show notes.outlines
    "
  `);
  const project = join(folder.path, "notes");
  expect(JSON.parse(await readFile(join(project, "package.json"), "utf8"))).toMatchObject({
    name: "notes",
    type: "module",
    dependencies: { millrace: expect.stringMatching(/^\^/) },
  });

  const added = await runCli(["new", "model", "notes.word_counts"], { cwd: project });
  expect(added).toEqual({
    code: 0,
    stderr: "",
    stdout: "✓ Wrote models/word-counts.ts\nNext: millrace run notes.word_counts\n",
  });
  await tsc(project);

  const { stdout: graph } = await runCli(["graph"], { cwd: project });
  expect(graph).toMatchInlineSnapshot(`
    "notes.sections     per row
    └─ notes.outlines  per group
    notes.word_counts  per row
    "
  `);
  const { stdout: list } = await runCli(["ls", "--project", "notes", "--json"], { cwd: folder.path });
  expect(JSON.parse(list)).toMatchObject([
    { name: "notes.sections", form: "row", table: "notes_sections", upstreams: [], file: "models/sections.ts" },
    { name: "notes.outlines", form: "group", upstreams: ["notes.sections"] },
    { name: "notes.word_counts" },
  ]);
});

test("init and new model overwrite nothing", async () => {
  await using folder = await createFolder();
  await writeFile(join(folder.path, "README.md"), "mine");
  const { code, stdout, stderr } = await runCli(["init"], { cwd: folder.path });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain('already has "README.md"; nothing was written. [FILES_EXIST]');
  await expect(readFile(join(folder.path, "package.json"))).rejects.toThrow("ENOENT");

  expect((await runCli(["init", "a"], { cwd: folder.path })).code).toBe(0);
  const again = await runCli(["new", "model", "notes.sections"], { cwd: join(folder.path, "a") });
  expect(again.code).toBe(2);
  expect(again.stderr).toContain("already has the model notes.sections");
});

test("a new model's name becomes a file, a constant and a table", () => {
  const shape = (name: string) => {
    const { file, content } = modelTemplate(name);
    return [file, /export const (\w+)/.exec(content)?.[1], /pipelineTable\("(\w+)"/.exec(content)?.[1]];
  };
  expect(shape("notes.word_counts")).toEqual(["word-counts.ts", "wordCounts", "notes_word_counts"]);
  expect(shape("a.b.wordCounts")).toEqual(["word-counts.ts", "wordCounts", "a_b_word_counts"]);
  expect(shape("notes.default")).toEqual(["default.ts", "defaultModel", "notes_default"]);
  expect(shape("notes.documents")).toEqual(["documents.ts", "documentsModel", "notes_documents"]);
});
