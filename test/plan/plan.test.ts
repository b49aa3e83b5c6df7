import { expect, test } from "vitest";
import { defineModel, defineSqlModel, documents, openProject, ref, RowError, type RunPlan } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { createTestProject, type TestProject } from "millrace/testing";
import { z } from "zod";

const lines = (failing: { text?: string } = {}) =>
  defineModel({
    name: "n.lines",
    table: pipelineTable("lines", { path: text().primaryKey(), first: text().notNull() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    config: z.object({ prefix: z.string().default("") }),
    async run({ row, config }) {
      if (row.content === failing.text) throw new RowError("ODD", "an odd text");
      return { path: row.path ?? "", first: config.prefix + row.content.slice(0, 1) };
    },
  });

const declare = (failing: { text?: string } = {}) => {
  const first = lines(failing);
  const groups = defineModel({
    name: "n.groups",
    table: pipelineTable("groups", { first: text().primaryKey(), count: integer().notNull() }),
    sources: { lines: ref(first, { columns: ["first"] }) },
    forEach: "lines",
    by: ["first"],
    async run({ key, rows }) {
      return { first: key.first, count: rows.length };
    },
  });
  const total = defineModel({
    name: "n.total",
    table: pipelineTable("total", { groups: integer().notNull() }),
    sources: { groups: ref(groups) },
    async run({ sources, writer }) {
      await writer.write({ groups: await sources.groups.count() });
    },
  });
  return [first, groups, total];
};

const files = { "a.md": "apple", "b.md": "bear", "c.md": "ant" };
const summary = ({ models }: RunPlan) =>
  Object.fromEntries(
    models.map(({ model, units, upstreamPending }) => [model, { ...units, pending: upstreamPending.length }]),
  );

const everything = async (project: TestProject) => {
  const tables = await project.query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname in ('public', 'millrace', 'dbos') order by 1`,
  );
  const contents = tables.map(({ name }) => project.query(`select t::text from ${String(name)} t order by 1`));
  return [tables, await Promise.all(contents)];
};

test("a plan of a project that has never run knows the documents, and says what depends on them", async () => {
  await using test_ = await createTestProject({ models: declare(), documents: files });
  const plan = await test_.project.plan();
  expect(plan.documents).toMatchObject({ added: 3 });
  expect(plan.schema).not.toEqual([]);
  expect(summary(plan)).toEqual({
    "n.lines": { new: 3, pending: 0 },
    "n.groups": { pending: 1 },
    "n.total": { pending: 1 },
  });
});

test("a plan announces what the run then does, and changes nothing", async () => {
  await using test_ = await createTestProject({ models: declare(), documents: files });
  await test_.project.runPipeline();
  await test_.writeDocument("a.md", "avocado");
  await test_.writeDocument("b.md", null);
  await test_.writeDocument("d.md", "dog");
  const before = await everything(test_);
  const plan = await test_.project.plan(undefined, { rows: 10 });
  expect(await everything(test_)).toEqual(before);
  expect(summary(plan)).toEqual({
    "n.lines": { new: 1, changed: 1, unchanged: 1, deleted: 1, pending: 0 },
    "n.groups": { unchanged: 2, pending: 1 },
    "n.total": { unchanged: 1, pending: 1 },
  });
  expect(plan.models[0]?.rows?.map(({ reason }) => reason).toSorted()).toEqual(["changed", "deleted", "new"]);
  const result = await test_.project.runPipeline();
  expect(result.models["n.lines"]).toMatchObject({ unitsDone: 2 });
  expect(summary(await test_.project.plan())).toEqual({
    "n.lines": { unchanged: 3, pending: 0 },
    "n.groups": { unchanged: 2, pending: 0 },
    "n.total": { unchanged: 1, pending: 0 },
  });
});

test("a plan names the parameter that makes units stale, and takes a limited run's limits", async () => {
  await using test_ = await createTestProject({ models: declare(), documents: files });
  await test_.project.runPipeline();
  const plan = await test_.project.plan("n.lines", { settings: { "n.lines.prefix": "x" } });
  expect(plan.models).toMatchObject([
    { units: { config: 3 }, work: 3, changed: ["prefix"], estimate: { basis: "mean of 3" } },
  ]);
  const one = await test_.project.plan("n.lines", { mode: "full", filters: { includePattern: "docs/a.md" } });
  expect(one.models).toMatchObject([{ units: { full: 1 }, work: 1 }]);
});

test("explain says why a unit will run, or will not", async () => {
  const failing: { text?: string } = {};
  await using test_ = await createTestProject({ models: declare(failing), documents: files });
  await test_.project.runPipeline();
  const { units } = test_.project;
  const [row] = await test_.query("select id from millrace.documents where path = 'docs/a.md'");
  const id = String(row?.["id"]);
  expect(await units.explain("n.lines", [id])).toMatchObject({ reason: "unchanged", willRun: false, differences: [] });
  expect(await units.explain("n.lines", [id.slice(0, 9)], { settings: { prefix: "x" } })).toMatchObject({
    unit: id,
    reason: "config",
    willRun: true,
    differences: ["parameters differ: prefix"],
  });
  failing.text = "odd";
  await test_.writeDocument("a.md", "odd");
  await test_.project.runPipeline("n.lines");
  expect(await units.explain("n.lines", [id])).toMatchObject({
    reason: "quarantined",
    willRun: false,
    stored: { status: "quarantined", errorCode: "ODD", attempts: 1 },
  });
  expect(await units.failed()).toMatchObject({
    total: 1,
    units: [{ model: "n.lines", document: "docs/a.md", code: "ODD" }],
  });
  expect(await units.explain("n.lines", ["docs/a.md"])).toMatchObject({ unit: id });
  expect(await units.explain("n.total", [])).toMatchObject({ reason: "unchanged" });
  await expect(units.explain("n.lines", ["nothing"])).rejects.toMatchObject({ code: "UNIT_NOT_FOUND" });
  await expect(units.explain("n.lines", [])).rejects.toMatchObject({ code: "KEY_MISSING" });
});

test("rows that are marked current are kept, whatever has changed", async () => {
  await using test_ = await createTestProject({ models: declare(), documents: files });
  await test_.project.runPipeline();
  const settings = { "n.lines.prefix": "x" };
  expect(await test_.project.units.markCurrent("n.lines", { settings })).toBe(3);
  expect(summary(await test_.project.plan("n.lines", { settings }))).toEqual({ "n.lines": { kept: 3, pending: 0 } });
  await test_.project.runPipeline("n.lines", { settings });
  expect(await test_.query("select first from lines order by 1")).toEqual([
    { first: "a" },
    { first: "a" },
    { first: "b" },
  ]);
  await test_.writeDocument("b.md", "crow");
  await test_.project.runPipeline("n.lines", { settings });
  expect(await test_.query("select first from lines order by 1")).toEqual([
    { first: "a" },
    { first: "a" },
    { first: "xc" },
  ]);
});

test("a unit that is gone is left to the next run when a model is marked current", async () => {
  await using test_ = await createTestProject({ models: declare(), documents: files });
  await test_.project.runPipeline();
  await test_.writeDocument("b.md", "ape");
  await test_.project.runPipeline("n.lines");
  expect(await test_.project.units.markCurrent("n.groups")).toBe(1);
  expect(summary(await test_.project.plan("n.groups"))).toMatchObject({ "n.groups": { kept: 1, deleted: 1 } });
  await test_.project.runPipeline("n.groups");
  expect(await test_.query("select first from groups")).toEqual([{ first: "a" }]);
});

test("try shows what a model makes of a few units and writes nothing", async () => {
  await using test_ = await createTestProject({ models: declare({ text: "ant" }), documents: files });
  await test_.project.runPipeline("n.lines");
  const before = await test_.query("select * from lines order by 1");
  const tried = await test_.project.units.try("n.lines", { count: 3, settings: { prefix: "-" } });
  expect(tried.flatMap(({ rows }) => rows.map((row) => String(row["first"]))).toSorted()).toEqual(["-a", "-b"]);
  expect(tried.map(({ error }) => error?.code)).toContain("ODD");
  expect(await test_.query("select * from lines order by 1")).toEqual(before);
  await expect(test_.project.units.try("n.total")).rejects.toMatchObject({ code: "MODEL_WITHOUT_UNITS" });
});

test("a query runs again when its text or its sources have changed, a view only for its text", async () => {
  const first = lines();
  const queries = (least: number) => [
    first,
    defineSqlModel({
      name: "n.counts",
      materialized: "table",
      table: pipelineTable("counts", { first: text().primaryKey(), lines: integer().notNull() }),
      sources: { lines: ref(first) },
      sql: ({ lines }) =>
        sql`select first, count(*)::int as lines from ${lines} group by 1 having count(*) >= ${least}`,
    }),
    defineSqlModel({
      name: "n.shown",
      sources: { lines: ref(first) },
      sql: ({ lines }) => sql`select count(*)::int as lines from ${lines} where ${least} > 0`,
    }),
  ];
  await using test_ = await createTestProject({ models: queries(1), documents: files });
  const fresh = await test_.project.plan();
  expect(summary(fresh)).toMatchObject({ "n.counts": { pending: 1 }, "n.shown": { new: 1, pending: 1 } });
  await test_.project.runPipeline();
  expect(await test_.query("select * from n_shown")).toEqual([{ lines: 3 }]);
  expect(summary(await test_.project.plan())).toMatchObject({
    "n.counts": { unchanged: 1 },
    "n.shown": { unchanged: 1 },
  });
  await test_.writeDocument("d.md", "dog");
  await test_.project.runPipeline("n.lines");
  expect(summary(await test_.project.plan())).toMatchObject({
    "n.counts": { changed: 1 },
    "n.shown": { unchanged: 1 },
  });
  await test_.project.runPipeline();
  expect(await test_.query("select first, lines from counts order by 1")).toHaveLength(3);
  expect(await test_.query("select * from n_shown")).toEqual([{ lines: 4 }]);
  await test_.project[Symbol.asyncDispose]();
  await using other = await openProject({
    directory: test_.directory,
    database: test_.databaseUrl,
    documents: ["./docs"],
    models: queries(2),
  });
  expect(summary(await other.plan())).toMatchObject({ "n.counts": { code: 1 }, "n.shown": { code: 1 } });
  await other.runPipeline();
  expect(await (await other.openDatabase()).query("select first, lines from counts")).toEqual([
    { first: "a", lines: 2 },
  ]);
});
