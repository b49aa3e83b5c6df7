import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunEvent } from "../../src/state/run-events.ts";
import { createEmptyDatabase, createTestDatabase } from "../support/test-database.ts";
import { type CliResult, createFolder, runCli, startCli } from "./run-cli.ts";

/** A written project, its database, and the command line in it; ids and times are made the same for every test run. */
async function createProject(createDatabase = createTestDatabase) {
  const folder = await createFolder();
  const database = await createDatabase();
  await runCli(["init", "."], { cwd: folder.path });
  const options = { cwd: folder.path, env: { DATABASE_URL: database.url } };
  const stable = (text: string) =>
    text.replaceAll(/\d{8}-\d{6}-[0-9a-f]{6}/g, "<run>").replaceAll(/\b(\d+ms|\d+\.\d+s)\b/g, "<time>");
  const stableOf = ({ code, stdout, stderr }: CliResult) => ({ code, stdout: stable(stdout), stderr: stable(stderr) });
  return {
    run: async (args: readonly string[]) => stableOf(await runCli(args, options)),
    /** In a process of its own. */
    start: async (args: readonly string[], interruptAt?: string) =>
      stableOf(await startCli(args, { ...options, ...(interruptAt === undefined ? {} : { interruptAt }) })),
    path: folder.path,
    write: (file: string, text: string) => writeFile(join(folder.path, file), text),
    edit: async (file: string, change: (text: string) => string) => {
      const path = join(folder.path, file);
      await writeFile(path, change(await readFile(path, "utf8")));
    },
    /** What the artifact says of each model. */
    outcomes: async () => {
      const text = await readFile(join(folder.path, "target/run_results.json"), "utf8");
      const { results } = JSON.parse(text) as { results: { unique_id: string; status: string }[] };
      return Object.fromEntries(
        results.map(({ unique_id: id, status }) => [id.replace(/^model\.[^.]+\./, ""), status]),
      );
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const readEvents = (lines: string) =>
  lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);

test("a written project runs at once in an empty database, then only what changed", async () => {
  await using project = await createProject(createEmptyDatabase);
  const first = await project.start(["run"]);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toMatchInlineSnapshot(`
    "Running notes · 2 models · delta · run <run>
    tables     4 changes to match the models
    documents  2 added
    started    notes.sections
    done       notes.sections  5 rows · 2 units · <time>
    started    notes.outlines
    done       notes.outlines  2 rows · 2 units · <time>

    ✓ notes succeeded in <time>
    2 models · 7 rows written

    Next: millrace show notes.outlines
    "
  `);

  expect((await project.start(["show", "notes.outlines"])).stdout).toMatchInlineSnapshot(`
    "document_id       headings                       sections  words
    759ba0a389a01734  Lighthouses / Lenses                  2     33
    c36ad3352682cef9  Tides / Why / Spring and neap         3     51
    "
  `);
  expect((await project.run(["show", "notes.outlines", "--columns", "words,sections"])).stdout).toMatchInlineSnapshot(`
    "words  sections
       33         2
       51         3
    "
  `);
  expect(await project.run(["show", "notes.outlines", "--columns", "wrods"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('has no column "wrods". Did you mean "words"?'),
  });
  expect((await project.run(["show", "notes.sections", "--where", "heading=Lenses", "--json"])).stdout).toContain(
    '"total": 1',
  );
  expect((await project.run(["documents"])).stdout).toMatch(/lighthouses\.md .* ready/);

  await project.edit("docs/tides.md", (text) => `${text}\n## Mills\n\nA mill race turns a wheel.\n`);
  expect((await project.start(["run", "notes"])).stdout).toMatchInlineSnapshot(`
    "Running notes · 2 models · delta · run <run>
    documents  1 changed, 1 unchanged
    started    notes.sections
    done       notes.sections  2 rows · 1 unit · <time>
    started    notes.outlines
    done       notes.outlines  1 row · 1 unit · <time>

    ✓ notes succeeded in <time>
    2 models · 3 rows written · 2 unchanged

    Next: millrace show notes.outlines
    "
  `);
});

test("a failing model is exit code 1; when it is mended the run goes on", async () => {
  await using project = await createProject();
  await project.edit("models/outlines.ts", (text) =>
    text.replace("const ordered", 'if (rows.length > 0) throw new Error("the mill stands still");\n    const ordered'),
  );
  const failed = await project.run(["run"]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toBe("");
  expect(failed.stdout).toContain("the mill stands still");
  expect(failed.stdout).toMatch(/\nNext: millrace runs resume <run>\nDocs: \S+\n$/);
  expect((await project.run(["runs", "show", "last"])).stdout).toMatch(/\nNext: millrace runs resume <run>\n$/);
  expect(await project.outcomes()).toEqual({ "notes.outlines": "error", "notes.sections": "success" });

  await project.edit("models/outlines.ts", (text) => text.replace(/if \(rows.length > 0\).*\n/, ""));
  const resumed = await project.run(["runs", "resume", "last"]);
  expect(resumed.code).toBe(0);
  expect(resumed.stdout).toContain("done       notes.sections  done before");
  expect(await project.outcomes()).toEqual({ "notes.outlines": "success", "notes.sections": "success" });
  expect((await project.run(["runs"])).stdout).toMatch(/<run> +notes +succeeded/);
});

test("show --errors tells of a model that failed as a whole", async () => {
  await using project = await createProject();
  await project.write(
    "models/total.ts",
    `import { defineModel, ref } from "millrace";
     import { integer, pipelineTable } from "millrace/schema";
     import { outlines } from "./outlines.ts";
     export const total = defineModel({
       name: "notes.total",
       table: pipelineTable("total", { documents: integer().primaryKey() }),
       sources: { outlines: ref(outlines) },
       async run() { throw new Error("the scales are broken"); },
     });`,
  );
  expect((await project.run(["run"])).code).toBe(1);
  expect(await project.run(["show", "notes.outlines", "--errors"])).toMatchObject({ stderr: "No unit failed.\n" });
  const shown = await project.run(["show", "notes.total", "--errors"]);
  expect(shown).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^✗ notes\.total .*\n.*the scales are broken/),
  });
  expect(shown.stderr).toContain("the model failed as a whole");
  expect(await project.run(["retry", "notes.total"])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/NO_UNITS[^]*`millrace run notes\.total`/) as string,
  });
  expect(shown.stderr).toMatch(/\nNext: millrace runs resume <run>\n$/);
});

test("Ctrl-C cancels, keeps what is done and says how to go on", async () => {
  await using project = await createProject();
  await project.edit("models/outlines.ts", (text) =>
    text.replace(
      "async run({ key, rows }) {",
      "async run({ key, rows }) {\n    await new Promise((resolve) => setTimeout(resolve, 60_000));",
    ),
  );
  const { code, stdout } = await project.start(["run"], "started    notes.outlines");
  expect(code).toBe(130);
  expect(stdout).toContain("Cancelling; finished units are kept.");
  expect(stdout).toContain("■ notes was cancelled after <time>; finished units are kept");
  expect(stdout).toMatch(/\nNext: millrace runs resume <run>\n$/);
});

test("--json prints the events and nothing else, whatever models print", async () => {
  await using project = await createProject();
  await project.edit(
    "models/sections.ts",
    (text) => `console.log("loading");\n${text.replace("const parts", 'console.log("working");\n    const parts')}`,
  );
  const { code, stdout, stderr } = await project.start(["run", "--json"]);
  expect(code).toBe(0);
  const events = readEvents(stdout);
  expect(events.at(0)).toMatchObject({ type: "run_started", pipeline: "notes", mode: "delta" });
  expect(events.at(-1)).toMatchObject({ type: "run_finished", result: { status: "succeeded" } });
  expect(stderr).toContain("working");
  const logs = await project.run(["runs", "logs", "last", "--json"]);
  // Of a burst of progress only the last word is stored.
  const withoutProgress = (lines: readonly RunEvent[]) => lines.filter(({ type }) => type !== "model_progress");
  expect(withoutProgress(readEvents(logs.stdout))).toEqual(withoutProgress(events));
});

test("a run on documents that do not exist is wrong use and starts nothing", async () => {
  await using project = await createProject();
  const unknown = await project.run(["run", "--ids", "docs/tide.md"]);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain("docs/tide.md");
  const pipeline = await project.run(["run", "note"]);
  expect(pipeline.code).toBe(2);
  expect(pipeline.stderr).toContain('Did you mean "notes"? [PIPELINE_NOT_FOUND]');
  const setting = await project.run(["run", "--set", "words=3"]);
  expect(setting.code).toBe(2);
  expect((await project.run(["runs", "--json"])).stdout).toBe("[]\n");
});

test("trace leads from a row to the documents, and says how to name one", async () => {
  await using project = await createProject();
  await project.run(["run"]);
  const stable = (text: string) =>
    text.replaceAll(/\d{8}-\d{6}/g, "<run>").replaceAll(/\d+ (seconds?|minutes?) ago|just now/g, "<age>");
  const { stdout: rows } = await project.run(["show", "notes.outlines", "--json"]);
  const [row] = (JSON.parse(rows) as { rows: { document_id: string }[] }).rows;
  const id = row?.document_id ?? "";
  const found = await project.run(["trace", "notes.outlines", id.slice(0, 8), "--limit", "1", "--excerpts"]);
  expect(found.code).toBe(0);
  expect(stable(found.stdout).replaceAll(id, "<id>")).toMatchInlineSnapshot(`
    "notes.outlines  <id>       run <run> · <time> · <age>
    ├─ notes.sections  <id> 1  run <run> · <time> · <age>
    │  └─ docs/lighthouses.md              Lighthouses
    └─ … and 1 more
    "
  `);
  expect(found.stderr.replaceAll(id, "<id>")).toMatchInlineSnapshot(`
    "
    Next: millrace show notes.outlines --where document_id=<id>
    "
  `);
  const data = await project.run(["trace", "notes_sections", id, "position=2", "--json", "--depth", "1"]);
  expect(JSON.parse(data.stdout)).toMatchObject({ model: "notes.sections", key: { document_id: id, position: 2 } });
  const several = await project.run(["trace", "notes.sections", id]);
  expect(several.code).toBe(2);
  expect(several.stderr.replaceAll(id, "<id>")).toMatchInlineSnapshot(`
    "✗ Model "notes.sections" has several rows with document_id <id>: "<id> 1", "<id> 2". [ROW_AMBIGUOUS]
      → Give position too. \`millrace show notes.sections\` shows its rows.
    "
  `);
});

test("doctor says what is there and what is not", async () => {
  await using project = await createProject();
  const healthy = await project.run(["doctor"]);
  expect(healthy.code).toBe(0);
  expect(healthy.stdout).toContain("All checks passed.");
  expect(healthy.stdout).toMatch(/tables +4 changes in the next run/);
  await project.run(["run"]);
  expect((await project.run(["doctor"])).stdout).toMatch(/tables +match the models/);
  await project.edit("models/sections.ts", (text) => text.replace(/words: integer\(\)/, "words: text()"));
  const changed = await project.run(["doctor"]);
  expect(changed.code).toBe(1);
  expect(changed.stdout).toMatch(/✗ tables[^]*sections\.words: the type changes[^]*→ .*`millrace migrate`/);
  await rm(join(project.path, "models"), { recursive: true });
  const ill = await project.run(["doctor"]);
  expect(ill.code).toBe(1);
  expect(ill.stdout).toContain("✗ models");
});
