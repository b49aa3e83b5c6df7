import { expect, test } from "vitest";
import { defineModel, defineSqlModel, documents, executeModel, ref } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { createTestProject, type TestProject } from "millrace/testing";
import { declareWords } from "../support/word-project.ts";

const snapshot = (project: TestProject, table: string) => project.query(`select * from ${table} order by 1, 2`);
const contents = async (project: TestProject) =>
  (
    await project.query(
      "select path, lines.content from lines join millrace.documents d on d.id = document_id order by path, line_number",
    )
  ).map((row) => `${String(row["path"])}: ${String(row["content"])}`);

test("every intermediate result is in a table, and a second run has nothing to do", async () => {
  const { calls, models } = declareWords();
  await using test = await createTestProject({
    models: [...models],
    documents: { "a.md": "red\ngreen", "b.md": "red" },
  });
  const first = await test.project.runPipeline();
  expect(first).toMatchObject({
    status: "succeeded",
    modelsExecuted: ["words.lines", "words.words", "words.total"],
    errors: {},
  });
  expect(first.models["words.lines"]).toMatchObject({
    unitsDone: 2,
    rowsWritten: 3,
    rowsDeleted: 0,
    tableName: "lines",
  });
  expect(await contents(test)).toEqual(["docs/a.md: red", "docs/a.md: green", "docs/b.md: red"]);
  expect(await test.query("select content, count from words order by content")).toEqual([
    { content: "green", count: 1 },
    { content: "red", count: 2 },
  ]);
  expect(await test.query("select words from total")).toEqual([{ words: 2 }]);

  const before = [await snapshot(test, "lines"), await snapshot(test, "words")];
  calls.lines.length = calls.words.length = 0;
  const second = await test.project.runPipeline();
  expect(second.status).toBe("succeeded");
  expect(calls).toEqual({ lines: [], words: [] });
  expect([await snapshot(test, "lines"), await snapshot(test, "words")]).toEqual(before);
});

test("an edited document is processed alone, and only the groups it touches", async () => {
  const { calls, models } = declareWords();
  await using test = await createTestProject({
    models: [...models],
    documents: { "a.md": "red\ngreen\nblue", "b.md": "red", "c.md": "blue" },
  });
  await test.project.runPipeline();
  calls.lines.length = calls.words.length = 0;
  await test.writeDocument("a.md", "red");
  await test.project.runPipeline();
  expect(calls.lines).toEqual(["docs/a.md"]);
  expect(calls.words.toSorted()).toEqual(["blue"]);
  expect(await contents(test)).toEqual(["docs/a.md: red", "docs/b.md: red", "docs/c.md: blue"]);
  expect(await test.query("select content, count from words order by content")).toEqual([
    { content: "blue", count: 1 },
    { content: "red", count: 2 },
  ]);
});

test("a document that is emptied, renamed or deleted leaves no stale row anywhere", async () => {
  const { models } = declareWords();
  await using test = await createTestProject({
    models: [...models],
    documents: { "a.md": "red", "b.md": "green", "c.md": "blue", "d.md": "grey" },
  });
  await test.project.runPipeline();
  await test.writeDocument("a.md", "");
  await test.writeDocument("b.md", null);
  await test.writeDocument("renamed.md", "blue");
  await test.writeDocument("c.md", null);
  await test.project.runPipeline();
  expect(await contents(test)).toEqual(["docs/d.md: grey", "docs/renamed.md: blue"]);
  expect((await test.query("select content from words order by 1")).map((row) => row["content"])).toEqual([
    "blue",
    "grey",
  ]);
  expect(
    await test.query("select count(*)::int as units from millrace.unit_state where model = 'words.words'"),
  ).toEqual([{ units: 2 }]);
});

test("a run limited to one document leaves every row of the others as it was", async () => {
  const { calls, models } = declareWords();
  await using test = await createTestProject({
    models: [...models],
    documents: { "a.md": "red\nshared", "b.md": "green\nshared", "c.md": "blue" },
  });
  await test.project.runPipeline();
  const others = () =>
    test.query(
      "select * from lines where document_id <> (select id from millrace.documents where path = 'docs/a.md') order by 1, 2",
    );
  const before = await others();
  const untouched = await test.query("select * from words where content in ('green', 'blue', 'shared') order by 1");
  calls.lines.length = calls.words.length = 0;
  await test.writeDocument("a.md", "rose\nshared");
  await test.writeDocument("b.md", "changed too");
  await test.writeDocument("c.md", null);
  const result = await test.project.runPipeline(undefined, { filters: { ids: ["docs/a.md"] } });
  expect(result.status).toBe("succeeded");
  expect(calls.lines).toEqual(["docs/a.md"]);
  expect(calls.words).toEqual(["rose"]);
  expect(await others()).toEqual(before);
  expect(await test.query("select * from words where content in ('green', 'blue', 'shared') order by 1")).toEqual(
    untouched,
  );
});

test("a filter that matches nothing processes nothing; an unknown id is an error", async () => {
  const { calls, models } = declareWords();
  await using test = await createTestProject({ models: [...models], documents: { "a.md": "red" } });
  const result = await test.project.runPipeline("words.lines", { filters: { includePattern: "nowhere/**" } });
  expect(result).toMatchObject({ status: "succeeded" });
  expect(calls.lines).toEqual([]);
  await expect(test.project.runPipeline(undefined, { filters: { ids: ["docs/missing.md"] } })).rejects.toMatchObject({
    code: "DOCUMENT_NOT_FOUND",
  });
});

test("a unit that fails keeps its previous rows, the others go on and the run is partial", async () => {
  const { models } = declareWords({
    beforeLine(_, content) {
      if (content.includes("broken")) throw new RangeError("cannot read this one");
    },
  });
  await using test = await createTestProject({
    models: [...models],
    documents: { "a.md": "red", "b.md": "green", "c.md": "blue" },
  });
  await test.project.runPipeline();
  await test.writeDocument("a.md", "broken");
  await test.writeDocument("b.md", "greener");
  const result = await test.project.runPipeline();
  expect(result.status).toBe("partial");
  expect(result.models["words.lines"]).toMatchObject({ status: "partial", unitsDone: 1, unitsFailed: 1 });
  expect(await contents(test)).toEqual(["docs/a.md: red", "docs/b.md: greener", "docs/c.md: blue"]);
  expect(
    await test.query("select status, error_code, error, attempts from millrace.unit_state where status <> 'done'"),
  ).toEqual([{ status: "stale", error_code: "RangeError", error: "cannot read this one", attempts: 1 }]);
  await test.writeDocument("a.md", "mended");
  expect((await test.project.runPipeline()).status).toBe("succeeded");
  expect(await contents(test)).toEqual(["docs/a.md: mended", "docs/b.md: greener", "docs/c.md: blue"]);
});

test("broken files are reported one by one and the rest is indexed", async () => {
  const { models } = declareWords();
  await using test = await createTestProject({
    models: [...models],
    documents: { "a.md": "red", "bad.md": new Uint8Array([0x23, 0xff, 0xfe, 0x80]), "worse.md": "---\n: [\n---\ntext" },
  });
  const failed: string[] = [];
  const result = await test.project.runPipeline(undefined, {
    onEvent: (event) => {
      if (event.type === "unit_failed") failed.push(`${event.document}: ${event.error.code}`);
    },
  });
  expect(result.status).toBe("partial");
  expect(failed.toSorted()).toEqual(["docs/bad.md: DOCUMENT_UNREADABLE", "docs/worse.md: DOCUMENT_UNREADABLE"]);
  expect(await contents(test)).toEqual(["docs/a.md: red"]);
});

test("two units that write the same row are both named", async () => {
  const model = defineModel({
    name: "n.clash",
    table: pipelineTable("clash", { word: text().primaryKey() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      return { word: row.content };
    },
  });
  await using test = await createTestProject({
    models: [model],
    documents: { "a.md": "same", "b.md": "same", "c.md": "other" },
  });
  const errors: string[] = [];
  const result = await test.project.runPipeline(undefined, {
    onEvent: (event) => {
      if (event.type === "unit_failed") errors.push(event.error.code);
    },
  });
  expect(result.status).toBe("partial");
  const [failed] = await test.query("select error_code, error from millrace.unit_state where status = 'error'");
  expect(failed).toMatchObject({ error_code: "DUPLICATE_KEY", error: expect.stringContaining('"word":"same"') });
  expect(errors).toContain("DUPLICATE_KEY");
});

test("rows may move from one unit to another, whichever is written first", async () => {
  const model = defineModel({
    name: "n.moves",
    table: pipelineTable("moves", { word: text().primaryKey(), origin: text().notNull() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    concurrency: 1,
    async run({ row }) {
      return row.content.split(" ").map((word) => ({ word, origin: row.path ?? "" }));
    },
  });
  await using test = await createTestProject({ models: [model], documents: { "a.md": "x y", "b.md": "z" } });
  await test.project.runPipeline();
  await test.writeDocument("a.md", "z");
  await test.writeDocument("b.md", "x y");
  expect((await test.project.runPipeline()).status).toBe("succeeded");
  expect(await test.query("select word, origin from moves order by word")).toEqual([
    { word: "x", origin: "docs/b.md" },
    { word: "y", origin: "docs/b.md" },
    { word: "z", origin: "docs/a.md" },
  ]);
});

test("changes of a side source count for the units that see them, unless it is untracked", async () => {
  const seen: string[] = [];
  const notes = defineModel({
    name: "n.notes",
    table: pipelineTable("notes", { documentId: text().primaryKey(), size: integer().notNull() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      return { documentId: row.id, size: row.content.length };
    },
  });
  const reader = (name: string, options: object) =>
    defineModel({
      name: `n.${name}`,
      table: pipelineTable(name, { id: text().primaryKey(), sizes: text().notNull() }),
      sources: { documents: documents(), notes: ref(notes, options) },
      forEach: "documents",
      async run({ row, sources }) {
        seen.push(`${name} ${row.path}`);
        const rows = await sources.notes.rows();
        return {
          id: row.id,
          sizes: rows
            .map((note) => note.size)
            .toSorted((a, b) => a - b)
            .join(),
        };
      },
    });
  const models = [
    notes,
    reader("matched", { match: { documentId: "id" } }),
    reader("whole", {}),
    reader("free", { untracked: true }),
  ];
  await using test = await createTestProject({ models, documents: { "a.md": "1", "b.md": "22" } });
  await test.project.runPipeline();
  expect(await test.query("select sizes from matched order by sizes")).toEqual([{ sizes: "1" }, { sizes: "2" }]);
  expect(await test.query("select distinct sizes from whole")).toEqual([{ sizes: "1,2" }]);
  seen.length = 0;
  await test.query("update notes set size = 9 where size = 2");
  await test.project.runPipeline();
  expect(seen.toSorted()).toEqual(["matched docs/b.md", "whole docs/a.md", "whole docs/b.md"]);
});

test("a model runs on literal rows without a database", async () => {
  const { models } = declareWords();
  const [lines, words] = models;
  if (lines === undefined || words === undefined) throw new Error("the project has three models");
  expect(await executeModel(lines, { sources: { documents: [{ id: "d", path: "p", content: "x\ny" }] } })).toEqual([
    { documentId: "d", lineNumber: 1, content: "x" },
    { documentId: "d", lineNumber: 2, content: "y" },
  ]);
  expect(
    await executeModel(words, { sources: { lines: [{ content: "x" }, { content: "y" }, { content: "x" }] } }),
  ).toEqual([
    { content: "x", count: 2 },
    { content: "y", count: 1 },
  ]);
});

test("merge keeps rows of documents that are gone; append adds rows and never twice in one run", async () => {
  const declare = (
    name: string,
    writeStrategy: "merge" | "append",
    table: Parameters<typeof defineModel>[0]["table"],
  ) =>
    defineModel({
      name: `n.${name}`,
      table: table as ReturnType<typeof mergedTable>,
      writeStrategy,
      sources: { documents: documents({ content: true }) },
      forEach: "documents",
      async run({ row }) {
        return row.content.split(" ").map((word) => ({ word, path: row.path ?? "" }));
      },
    });
  const mergedTable = () => pipelineTable("merged", { word: text().primaryKey(), path: text().notNull() });
  const merged = declare("merged", "merge", mergedTable());
  const appended = declare(
    "appended",
    "append",
    pipelineTable("appended", { word: text().notNull(), path: text().notNull() }),
  );
  await using test = await createTestProject({ models: [merged, appended], documents: { "a.md": "x y", "b.md": "z" } });
  await test.project.runPipeline();
  await test.writeDocument("a.md", "x");
  await test.writeDocument("b.md", null);
  await test.project.runPipeline();
  expect(await test.query("select word from merged order by word")).toEqual([
    { word: "x" },
    { word: "y" },
    { word: "z" },
  ]);
  expect((await test.query("select word from appended order by word")).map((row) => row["word"])).toEqual([
    "x",
    "x",
    "y",
    "z",
  ]);
});

test("a view is asked for the rows of a model's units once, however many there are", async () => {
  const numbers = defineSqlModel({
    name: "v.numbers",
    table: pipelineTable("numbers", { id: integer().primaryKey() }),
    sources: {},
    // Every row that is looked at counts.
    sql: () => sql`select id::int from generate_series(1, 4000) as id where nextval('looked_at') > 0`,
  });
  const output = (name: string) => pipelineTable(name, { id: integer().primaryKey(), twice: integer().notNull() });
  const byRow = defineModel({
    name: "v.by_row",
    table: output("by_row"),
    sources: { numbers: ref(numbers) },
    forEach: "numbers",
    run: async ({ row }) => ({ id: row.id, twice: 2 * row.id }),
  });
  const byGroup = defineModel({
    name: "v.by_group",
    table: output("by_group"),
    sources: { numbers: ref(numbers) },
    forEach: "numbers",
    by: ["id"],
    run: async ({ key }) => ({ id: key.id, twice: 2 * key.id }),
  });
  await using test = await createTestProject({ models: [numbers, byRow, byGroup] });
  await test.query("create sequence looked_at");
  await test.project.runModel("v.numbers");
  for (const table of ["by_row", "by_group"]) {
    await test.query("alter sequence looked_at restart");
    expect(await test.project.runModel(`v.${table}`)).toMatchObject({ status: "succeeded" });
    expect(await test.query(`select count(*)::int as units, sum(twice)::int as sum from ${table}`)).toEqual([
      { units: 4_000, sum: 16_004_000 },
    ]);
    const [looks] = await test.query("select last_value::int / 4000 as times from looked_at");
    // Has it the key, is there work (both asked twice), and which rows.
    expect(looks?.["times"]).toBeLessThanOrEqual(5);
  }
});

test("the first units of a new program that all fail at one place stop it, whatever their messages say", async () => {
  const calls: string[] = [];
  const broken = defineModel({
    name: "n.broken",
    table: pipelineTable("broken", { id: text().primaryKey() }),
    sources: { documents: documents() },
    forEach: "documents",
    concurrency: 1,
    async run({ row }) {
      calls.push(row.id);
      throw new TypeError(`nothing is to be made of ${row.id}`);
    },
  });
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}.md`, `# ${index}`]));
  await using project = await createTestProject({ models: [broken], documents: files });
  const result = await project.project.runPipeline();
  expect(result.status).toBe("failed");
  expect(calls.length).toBeLessThan(40);
});
