import { expect, test } from "vitest";
import { defineModel, documents, ref, RowError } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { createTestProject, type TestProject } from "millrace/testing";
import { z } from "zod";

const calls: string[] = [];
const takeCalls = () => calls.splice(0).toSorted();

const lengths = (options: { factor?: number; onChange?: "keep"; version?: number } = {}) =>
  defineModel({
    name: "n.lengths",
    table: pipelineTable("lengths", { path: text().primaryKey(), length: integer().notNull() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    config: z.object({ factor: z.number().default(options.factor ?? 1) }),
    ...(options.onChange === undefined ? {} : { onChange: options.onChange }),
    ...(options.version === undefined ? {} : { version: options.version }),
    async run({ row, config }) {
      calls.push(row.path ?? "");
      return { path: row.path ?? "", length: row.content.length * config.factor };
    },
  });

const total = (upstream = lengths()) =>
  defineModel({
    name: "n.total",
    table: pipelineTable("total", { length: integer().notNull() }),
    sources: { lengths: ref(upstream, { columns: ["length"] }) },
    async run({ sources, writer }) {
      calls.push("total");
      let length = 0;
      for await (const row of sources.lengths) length += row.length;
      await writer.write({ length });
    },
  });

const files = { "a.md": "aa", "b.md": "bbb" };

test("a table model is skipped when nothing that it reads has changed", async () => {
  const first = lengths();
  await using test_ = await createTestProject({ models: [first, total(first)], documents: files });
  await test_.project.runPipeline();
  expect(takeCalls()).toEqual(["docs/a.md", "docs/b.md", "total"]);
  await test_.project.runPipeline();
  expect(takeCalls()).toEqual([]);
  await test_.writeDocument("a.md", "zz");
  await test_.project.runPipeline();
  // The document has another text of the same length.
  expect(takeCalls()).toEqual(["docs/a.md"]);
  await test_.writeDocument("a.md", "long");
  await test_.project.runPipeline();
  expect(takeCalls()).toEqual(["docs/a.md", "total"]);
  expect(await test_.query("select length from total")).toEqual([{ length: 7 }]);
  await test_.project.runPipeline(undefined, { mode: "full" });
  expect(takeCalls()).toEqual(["docs/a.md", "docs/b.md", "total"]);
});

test("a table that was dropped is filled again", async () => {
  const first = lengths();
  await using test_ = await createTestProject({ models: [first, total(first)], documents: files });
  await test_.project.runPipeline();
  await test_.query("drop table lengths, total");
  takeCalls();
  await test_.project.runPipeline();
  expect(takeCalls()).toEqual(["docs/a.md", "docs/b.md", "total"]);
});

test("another parameter makes every unit of the model stale, and the old one makes them so again", async () => {
  const first = lengths();
  await using test_ = await createTestProject({ models: [first], documents: files });
  await test_.project.runPipeline();
  takeCalls();
  await test_.project.runPipeline(undefined, { settings: { "n.lengths.factor": "2" } });
  expect(takeCalls()).toEqual(["docs/a.md", "docs/b.md"]);
  expect(await test_.query("select sum(length)::int as length from lengths")).toEqual([{ length: 10 }]);
  await test_.project.runPipeline();
  expect(takeCalls()).toEqual(["docs/a.md", "docs/b.md"]);
});

test("with onChange keep, new parameters are for new and changed units", async () => {
  const first = lengths({ onChange: "keep" });
  await using test_ = await createTestProject({ models: [first], documents: files });
  await test_.project.runPipeline();
  takeCalls();
  await test_.writeDocument("b.md", "b");
  await test_.project.runPipeline(undefined, { settings: { "n.lengths.factor": "10" } });
  expect(takeCalls()).toEqual(["docs/b.md"]);
  expect(await test_.query("select length from lengths order by path")).toEqual([{ length: 2 }, { length: 10 }]);
});

const picky = (failing: { readonly texts: readonly string[]; readonly error: () => Error }) =>
  defineModel({
    name: "n.picky",
    table: pipelineTable("picky", { path: text().primaryKey(), text: text().notNull() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      calls.push(row.content);
      if (failing.texts.includes(row.content)) throw failing.error();
      return { path: row.path ?? "", text: row.content };
    },
  });

const states = (project: TestProject) =>
  project.query("select status, attempts, error_code from millrace.unit_state where status <> 'done' order by 1, 2");

test("a unit that the author gives up is set aside, with its old output, until its input changes", async () => {
  const failing = { texts: [] as string[], error: () => new RowError("TOO_ODD", "The text is odd.") };
  await using test_ = await createTestProject({
    models: [picky(failing)],
    documents: { "a.md": "even", "b.md": "fine" },
  });
  await test_.project.runPipeline();
  failing.texts = ["odd"];
  await test_.writeDocument("a.md", "odd");
  takeCalls();
  expect(await test_.project.runPipeline()).toMatchObject({ status: "partial" });
  expect(takeCalls()).toEqual(["odd"]);
  expect(await states(test_)).toEqual([{ status: "quarantined", attempts: 1, error_code: "TOO_ODD" }]);
  expect(await test_.query("select text from picky order by 1")).toEqual([{ text: "even" }, { text: "fine" }]);
  expect(await test_.project.runPipeline()).toMatchObject({
    status: "partial",
    models: { "n.picky": { unitsQuarantined: 1 } },
  });
  expect(takeCalls()).toEqual([]);
  await test_.writeDocument("a.md", "even again");
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded" });
  expect(takeCalls()).toEqual(["even again"]);
  expect(await states(test_)).toEqual([]);
});

test("a unit that fails is tried three times, by three runs; retry tries those that are set aside too", async () => {
  const failing = { texts: ["bad", "worse"], error: () => new Error("no luck") };
  await using test_ = await createTestProject({
    models: [picky(failing)],
    documents: { "a.md": "bad", "b.md": "fine", "c.md": "worse" },
  });
  for (const status of ["error", "error", "quarantined"]) {
    expect(await test_.project.runPipeline()).toMatchObject({ status: "partial" });
    expect(await states(test_)).toMatchObject([{ status }, { status }]);
  }
  takeCalls();
  await test_.project.runPipeline();
  expect(takeCalls()).toEqual([]);
  failing.texts = ["worse"];
  await test_.writeDocument("new.md", "new");
  expect(await test_.project.runPipeline(undefined, { retry: { codes: ["OTHER"] } })).toMatchObject({
    status: "partial",
  });
  expect(takeCalls()).toEqual([]);
  expect(await test_.project.runPipeline(undefined, { retry: {} })).toMatchObject({ status: "partial" });
  expect(takeCalls()).toEqual(["bad", "worse"]);
  expect(await states(test_)).toEqual([{ status: "quarantined", attempts: 4, error_code: "Error" }]);
});

test("a share of failures that is too large fails the model", async () => {
  const model = defineModel({
    name: "n.strict",
    table: pipelineTable("strict", { path: text().primaryKey() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    maxErrorRate: 0.25,
    concurrency: 1,
    async run({ row }) {
      if (row.content.startsWith("bad")) throw new Error(`no luck with ${row.content}`);
      return { path: row.path ?? "" };
    },
  });
  await using test_ = await createTestProject({
    models: [model],
    documents: { "a.md": "good", "b.md": "bad 1", "c.md": "good", "d.md": "good" },
  });
  expect(await test_.project.runPipeline()).toMatchObject({ status: "partial" });
  await test_.writeDocument("a.md", "bad 2");
  await test_.writeDocument("c.md", "bad 3");
  expect(await test_.project.runPipeline()).toMatchObject({
    status: "failed",
    errors: { "n.strict": { code: "TOO_MANY_FAILURES" } },
  });
});

test("a sample is the same few documents every time, and nothing else is touched", async () => {
  const documents_ = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`${index}.md`, `text ${index}`]));
  const first = lengths();
  await using test_ = await createTestProject({ models: [first], documents: documents_ });
  await test_.project.runPipeline(undefined, { sample: 5 });
  const sampled = takeCalls();
  expect(sampled).toHaveLength(5);
  await test_.project.runPipeline(undefined, { sample: 5, mode: "full" });
  expect(takeCalls()).toEqual(sampled);
  await test_.project.runPipeline();
  expect(takeCalls()).toHaveLength(25);
});
