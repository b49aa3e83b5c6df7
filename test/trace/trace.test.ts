import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { defineModel, defineSqlModel, documents, type InputTrace, type Model, ref, type RowTrace } from "millrace";
import { doublePrecision, integer, pipelineTable, primaryKey, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

const lines = defineModel({
  name: "t.lines",
  table: pipelineTable(
    "lines",
    {
      documentId: text().notNull(),
      lineNumber: integer().notNull(),
      content: text().notNull(),
      startOffset: integer().notNull(),
      endOffset: integer().notNull(),
    },
    (t) => [primaryKey({ columns: [t.documentId, t.lineNumber] })],
  ),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  async run({ row }) {
    if (row.content.startsWith("broken")) throw new Error("Cannot be read.");
    let startOffset = 0;
    return row.content.split("\n").map((content, index) => {
      const line = { startOffset, endOffset: startOffset + content.length };
      startOffset = line.endOffset + 1;
      return { documentId: row.id, lineNumber: index + 1, content, ...line };
    });
  },
});

const titles = defineModel({
  name: "t.titles",
  table: pipelineTable("titles", { documentId: text().primaryKey(), title: text() }),
  sources: { documents: documents() },
  forEach: "documents",
  async run({ row }) {
    return { documentId: row.id, title: row.path };
  },
});

const labels = defineModel({
  name: "t.labels",
  table: pipelineTable(
    "labels",
    { documentId: text().notNull(), lineNumber: integer().notNull(), label: text() },
    (t) => [primaryKey({ columns: [t.documentId, t.lineNumber] })],
  ),
  sources: {
    titles: ref(titles, { match: { documentId: "documentId" } }),
    lines: ref(lines, { columns: ["documentId", "lineNumber"] }),
    all: ref(lines, { columns: ["lineNumber"] }),
  },
  forEach: "lines",
  async run({ row, sources }) {
    const [title] = await sources.titles.rows();
    return { ...row, label: `${title?.title ?? ""}:${row.lineNumber}` };
  },
});

const words = defineModel({
  name: "t.words",
  table: pipelineTable("words", { word: text().primaryKey(), count: integer().notNull() }),
  sources: { lines: ref(lines, { columns: ["content"] }) },
  forEach: "lines",
  by: ["content"],
  async run({ key, rows }) {
    return { word: key.content, count: rows.length };
  },
});

const ranked = defineModel({
  name: "t.ranked",
  table: pipelineTable("ranked", { word: text().primaryKey(), rank: integer() }),
  sources: { words: ref(words) },
  async run({ sources, writer }) {
    const sorted = (await sources.words.rows()).toSorted((a, b) => b.count - a.count);
    await writer.write(sorted.map(({ word }, index) => ({ word, rank: index < 2 ? index : null })));
  },
});

const tiers = defineModel({
  name: "t.tiers",
  table: pipelineTable("tiers", { tier: text().primaryKey(), words: integer().notNull() }),
  sources: { ranked: ref(ranked) },
  forEach: "ranked",
  by: ["rank"],
  async run({ key, rows }) {
    return { tier: String(key.rank), words: rows.length };
  },
});

const total = defineModel({
  name: "t.total",
  table: pipelineTable("total", { id: integer().primaryKey(), words: integer().notNull() }),
  sources: { words: ref(words), documents: documents() },
  async run({ sources, writer }) {
    await writer.write({ id: 1, words: await sources.words.count() });
  },
});

const views = [
  defineSqlModel({
    name: "t.frequent",
    table: pipelineTable("frequent", { word: text().primaryKey(), count: integer() }),
    sources: { words: ref(words) },
    sql: ({ words }) => sql`select ${words.word}, ${words.count} from ${words} where ${words.count} > 1`,
  }),
  defineSqlModel({
    name: "t.plain",
    sources: { words: ref(words) },
    sql: ({ words }) => sql`select ${words.word} as name from ${words}`,
  }),
];

const files = { "a.md": "tide\nharbour\ntide", "b.md": "tide\nlighthouse" };

async function createProject(models: readonly Model<object>[], documents: Readonly<Record<string, string>> = files) {
  const project = await createTestProject({ models: [...models], documents });
  await project.project.runPipeline();
  return project;
}

const idOf = async (project: Awaited<ReturnType<typeof createProject>>, path: string) =>
  String((await project.query("select id from millrace.documents where path = $1", [`docs/${path}`]))[0]?.["id"]);

/** A trace as names and keys only. */
function outline(trace: RowTrace): unknown {
  const node = `${trace.model ?? trace.table} ${Object.values(trace.key).join(" ")}`;
  return trace.inputs.length === 0 ? node : { [node]: trace.inputs.map(outlineInput) };
}

function outlineInput({ source, by, total, rows, documents }: InputTrace): unknown {
  const listed = [
    ...rows.map(outline),
    ...documents.map(({ path, startOffset, endOffset }) => `${path}:${startOffset}-${endOffset}`),
  ];
  return { [`${source} by ${by}, ${total}`]: listed };
}

test("a row of a row model leads to its document, and the place in it", async () => {
  await using project = await createProject([lines]);
  const a = await idOf(project, "a.md");
  const trace = await project.project.trace("t.lines", [a, 2]);
  expect(trace).toMatchObject({
    model: "t.lines",
    table: "lines",
    key: { document_id: a, line_number: 2 },
    row: { document_id: a, line_number: 2, content: "harbour", start_offset: 5, end_offset: 12 },
    unit: { sourceKey: a, status: "done", attempts: 0, error: null },
    place: { path: "docs/a.md", startOffset: 5, endOffset: 12, excerpt: null },
    inputs: [
      {
        source: "documents",
        model: null,
        by: "unit",
        total: 1,
        rows: [],
        documents: [{ id: a, path: "docs/a.md", title: "a", startOffset: 5, endOffset: 12, excerpt: null }],
      },
    ],
    isCut: false,
  });
  expect(trace.unit?.runId).toBe(trace.runId);
  expect(trace.inputs[0]?.documents[0]?.contentHash).toMatch(/^[0-9a-f]{64}$/);
});

test("excerpts are read when they are asked for, and not from a file that has changed", async () => {
  await using project = await createProject([lines]);
  const a = await idOf(project, "a.md");
  const read = async () => (await project.project.trace("lines", [a, 2], { excerpts: true })).place?.excerpt;
  expect(await read()).toBe("harbour");
  await project.writeDocument("a.md", "another text");
  expect(await read()).toBeNull();
});

test("a group leads to all its members, across documents", async () => {
  await using project = await createProject([lines, words]);
  const [a, b] = [await idOf(project, "a.md"), await idOf(project, "b.md")];
  const trace = await project.project.trace("t.words", "tide");
  const leaves = [
    { [`t.lines ${a} 1`]: [{ "documents by unit, 1": ["docs/a.md:0-4"] }] },
    { [`t.lines ${a} 3`]: [{ "documents by unit, 1": ["docs/a.md:13-17"] }] },
    { [`t.lines ${b} 1`]: [{ "documents by unit, 1": ["docs/b.md:0-4"] }] },
  ];
  const byKey = (rows: readonly object[]) =>
    rows.toSorted((x, y) => (Object.keys(x)[0]! < Object.keys(y)[0]! ? -1 : 1));
  expect(outline(trace)).toEqual({ "t.words tide": [{ "lines by unit, 3": byKey(leaves) }] });
  const limited = await project.project.trace("t.words", "tide", { limit: 1, depth: 1 });
  expect(limited.inputs).toMatchObject([{ total: 3, rows: [{ isCut: true, inputs: [] }] }]);
  expect(limited.inputs[0]?.rows).toHaveLength(1);
});

test("rows of matched sources belong to a row; a source that every unit sees stands as a whole", async () => {
  await using project = await createProject([lines, titles, labels]);
  const b = await idOf(project, "b.md");
  expect(outline(await project.project.trace("t.labels", [b, "2"]))).toEqual({
    [`t.labels ${b} 2`]: [
      { "lines by unit, 1": [{ [`t.lines ${b} 2`]: [{ "documents by unit, 1": ["docs/b.md:5-15"] }] }] },
      { "titles by match, 1": [{ [`t.titles ${b}`]: [{ "documents by unit, 1": ["docs/b.md:null-null"] }] }] },
      { "all by whole, 5": [] },
    ],
  });
});

test("above a table model it goes on where the key is the same, and stops where it is not", async () => {
  await using project = await createProject([lines, words, ranked, tiers, total]);
  const trace = await project.project.trace("t.tiers", "0");
  expect(outline(trace)).toMatchObject({
    "t.tiers 0": [
      {
        "ranked by unit, 1": [{ "t.ranked tide": [{ "words by key, 1": [{ "t.words tide": [expect.anything()] }] }] }],
      },
    ],
  });
  expect(trace.inputs[0]?.rows[0]?.unit).toMatchObject({ sourceKey: "", status: "done" });
  expect(outline(await project.project.trace("t.total", "1"))).toEqual({
    "t.total 1": [{ "words by whole, 3": [] }, { "documents by whole, 2": [] }],
  });
});

test("a group of rows without a value leads to just these", async () => {
  await using project = await createProject([lines, words, ranked, tiers], { ...files, "c.md": "quay" });
  const trace = await project.project.trace("t.tiers", "null", { depth: 1 });
  expect(trace.row).toEqual({ tier: "null", words: 2 });
  expect(trace.inputs[0]?.rows.map(({ key }) => key)).toHaveLength(2);
  expect(trace.inputs[0]?.rows.every(({ row }) => row["rank"] === null)).toBe(true);
});

test("a row of a view has no unit, and its key upstream", async () => {
  await using project = await createProject([lines, words, ...views]);
  const trace = await project.project.trace("t.frequent", "tide", { depth: 1 });
  expect(trace).toMatchObject({ unit: null, runId: null, updatedAt: null, key: { word: "tide" } });
  expect(outline(trace)).toEqual({ "t.frequent tide": [{ "words by key, 1": ["t.words tide"] }] });
  expect(outline(await project.project.trace("t.plain", ["name=harbour"]))).toEqual({
    "t.plain ": [{ "words by whole, 3": [] }],
  });
});

test("rows of someone else's table are an end, whatever the types of their keys are", async () => {
  const readings = defineModel({
    name: "t.readings",
    table: pipelineTable("readings", { id: text().primaryKey(), level: doublePrecision() }),
    sources: { gauge: ref("gauge", { where: { kept: true } }) },
    forEach: "gauge",
    by: ["station", "day", "tags"],
    async run({ key, rows }) {
      return { id: `${String(key["station"])}/${String(key["day"])}`, level: rows.length };
    },
  });
  await using project = await createTestProject({ models: [readings] });
  await project.query(
    "create table gauge (station bigint, day date, hour int, tags text[], kept boolean, primary key (station, day, hour))",
  );
  await project.query(`insert into gauge values (9007199254740993, '2026-01-02', 1, '{a,b}', true),
    (9007199254740993, '2026-01-02', 2, '{a,b}', true), (9007199254740993, '2026-01-02', 3, '{a,b}', false),
    (9007199254740992, '2026-01-02', 1, null, true)`);
  await project.project.runPipeline();
  const trace = await project.project.trace("t.readings", "9007199254740993/2026-01-02");
  expect(outline(trace)).toEqual({
    "t.readings 9007199254740993/2026-01-02": [
      { "gauge by unit, 2": ["gauge 9007199254740993 2026-01-02 1", "gauge 9007199254740993 2026-01-02 2"] },
    ],
  });
  expect(trace.inputs[0]?.rows[0]).toMatchObject({ model: null, unit: null, row: { tags: ["a", "b"], kept: true } });
  expect(outline(await project.project.trace("t.readings", "9007199254740992/2026-01-02"))).toMatchObject({
    "t.readings 9007199254740992/2026-01-02": [{ "gauge by unit, 1": [expect.anything()] }],
  });
});

test("a table of documents leads to the document of a row, and a row of a view to what the view shows", async () => {
  const sizes = defineModel({
    name: "t.sizes",
    table: pipelineTable("sizes", { id: integer().primaryKey(), documentId: text().notNull() }),
    sources: { documents: documents() },
    async run({ sources, writer }) {
      await writer.write((await sources.documents.rows()).map(({ id }, index) => ({ id: index, documentId: id })));
    },
  });
  const shown = pipelineTable("shown", { id: integer().primaryKey(), documentId: text() });
  const view = defineSqlModel({
    name: "t.shown",
    table: shown,
    sources: { sizes: ref(sizes) },
    sql: ({ sizes }) => sql`select ${sizes.id}, ${sizes.documentId} from ${sizes}`,
  });
  const last = defineModel({
    name: "t.last",
    table: pipelineTable("last", { name: text().primaryKey() }),
    sources: { shown: ref(view) },
    forEach: "shown",
    async run({ row }) {
      return { name: `row ${row.id}` };
    },
  });
  await using project = await createTestProject({ models: [sizes, view, last], documents: { "a.md": "one" } });
  await project.project.runPipeline();
  expect(outline(await project.project.trace("t.last", "row 0"))).toEqual({
    "t.last row 0": [
      {
        "shown by unit, 1": [
          {
            "t.shown 0": [
              { "sizes by key, 1": [{ "t.sizes 0": [{ "documents by key, 1": ["docs/a.md:null-null"] }] }] },
            ],
          },
        ],
      },
    ],
  });
});

test("a key may be cut, be a list, an object or pairs", async () => {
  await using project = await createProject([lines, words]);
  const a = await idOf(project, "a.md");
  const key = { document_id: a, line_number: 3 };
  for (const given of [[a.slice(0, 8), "3"], JSON.stringify([a, 3]), [`document_id=${a}`, "3"], key, ["line_number=3"]])
    expect((await project.project.trace("t.lines", given, { depth: 1 })).key).toEqual(key);
  expect((await project.project.trace("words", "lighthou")).key).toEqual({ word: "lighthouse" });
});

test("a key that means no row, or several, is an error that helps", async () => {
  await using project = await createProject([lines, words], { "a.md": "lighthouse-east\nlighthouse-west" });
  const a = await idOf(project, "a.md");
  const trace = async (model: string, ...key: string[]) => project.project.trace(model, key);
  await expect(trace("t.words", "lighthouse")).rejects.toMatchObject({
    code: "ROW_AMBIGUOUS",
    message: 'Model "t.words" has several rows with word lighthouse: "lighthouse-east", "lighthouse-west".',
    details: { keys: [{ word: "lighthouse-east" }, { word: "lighthouse-west" }] },
  });
  await expect(trace("t.lines", a)).rejects.toMatchObject({ code: "ROW_AMBIGUOUS", hint: /^Give line_number too\./ });
  // Seven characters could be anything.
  await expect(trace("t.words", "lightho")).rejects.toMatchObject({
    code: "ROW_NOT_FOUND",
    hint: "`millrace show t.words` shows its rows.",
  });
  await expect(trace("t.lines", a, "first")).rejects.toMatchObject({ code: "ROW_NOT_FOUND" });
  await expect(trace("t.words", "one", "two")).rejects.toMatchObject({ code: "KEY_TOO_LONG" });
  await expect(trace("t.words")).rejects.toMatchObject({ code: "KEY_MISSING" });
  await expect(project.project.trace("t.words", { wrod: "x" })).rejects.toMatchObject({
    code: "COLUMN_NOT_FOUND",
    message: 'Model "t.words" has no column "wrod". Did you mean "word"?',
  });
});

test("a row that stands in for a failed unit says so, and one whose input is gone too", async () => {
  await using project = await createProject([lines]);
  const a = await idOf(project, "a.md");
  await project.writeDocument("a.md", "broken");
  await project.project.runPipeline();
  const stale = await project.project.trace("t.lines", [a, 1]);
  expect(stale.unit).toMatchObject({ status: "stale", errorCode: "Error", error: "Cannot be read.", attempts: 1 });
  expect(stale.unit?.runId).not.toBe(stale.runId);
  await project.query("delete from millrace.documents where id = $1", [a]);
  expect(outline(await project.project.trace("t.lines", [a, 1]))).toEqual({
    [`t.lines ${a} 1`]: [{ "documents by unit, 0": [] }],
  });
});

test("a model that has not run yet is an error that says so", async () => {
  await using project = await createTestProject({ models: [lines, words], documents: files });
  await expect(project.project.trace("t.words", "tide")).rejects.toMatchObject({ code: "TABLE_NOT_FOUND" });
});
