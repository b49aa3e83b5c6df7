import { expect, test } from "vitest";
import { defineModel, documents, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { z } from "zod";

const config = z.object({ factor: z.number().default(1) });
const given = (name: string) => ref<{ value: number }>(name, { columns: ["value"] });

const total = defineModel({
  name: "n.total",
  table: pipelineTable("total", { value: integer().primaryKey() }),
  sources: { numbers: given("numbers") },
  config,
  onChange: "keep",
  async run({ sources, writer, config: { factor } }) {
    const rows = await sources.numbers.rows();
    await writer.write({ value: rows.reduce((sum, { value }) => sum + value, 0) * factor });
  },
});

const sums = defineModel({
  name: "n.sums",
  table: pipelineTable("sums", { id: integer().primaryKey(), value: integer().notNull() }),
  sources: { ids: ref<{ id: number }>("ids"), numbers: given("numbers") },
  forEach: "ids",
  by: ["id"],
  config,
  onChange: "keep",
  async run({ key, sources, config: { factor } }) {
    const rows = await sources.numbers.rows();
    return { id: key.id, value: (key.id + rows.reduce((sum, { value }) => sum + value, 0)) * factor };
  },
});

test("output that is kept is kept from new code and parameters, not from new rows", async () => {
  await using test_ = await createTestProject({ models: [total, sums] });
  await test_.query("create table numbers (value int)");
  await test_.query("create table ids (id int primary key)");
  await test_.query("insert into numbers values (1), (2)");
  await test_.query("insert into ids values (10)");
  const read = async () => [
    ...(await test_.query("select value from total")),
    ...(await test_.query("select value from sums")),
  ];
  await test_.project.runPipeline();
  expect(await read()).toEqual([{ value: 3 }, { value: 13 }]);

  const settings = { factor: "100" };
  await test_.project.runPipeline(undefined, { settings });
  expect(await read(), "another parameter").toEqual([{ value: 3 }, { value: 13 }]);
  await test_.query("insert into numbers values (4)");
  await test_.project.runPipeline(undefined, { settings });
  expect(await read(), "another row of a source").toEqual([{ value: 700 }, { value: 1700 }]);
});

test("a full refresh takes what is kept too", async () => {
  await using test_ = await createTestProject({ models: [total, sums] });
  await test_.query("create table numbers (value int)");
  await test_.query("create table ids (id int primary key)");
  await test_.query("insert into numbers values (1)");
  await test_.query("insert into ids values (10)");
  await test_.project.runPipeline();
  await test_.project.runPipeline(undefined, { settings: { factor: "2" }, mode: "full" });
  expect(await test_.query("select value from total union all select value from sums")).toEqual([
    { value: 2 },
    { value: 22 },
  ]);
});

test("documents beside the source of the units have their texts", async () => {
  const model = defineModel({
    name: "n.glossary",
    table: pipelineTable("glossary", { id: integer().primaryKey(), texts: text().notNull() }),
    sources: { ids: ref<{ id: number }>("ids"), documents: documents({ content: true }) },
    forEach: "ids",
    by: ["id"],
    async run({ key, sources }) {
      const rows = await sources.documents.rows();
      return { id: key.id, texts: rows.map(({ content }) => content).join(" ") };
    },
  });
  await using test_ = await createTestProject({ models: [model], documents: { "a.md": "one", "b.md": "two" } });
  await test_.query("create table ids (id int primary key)");
  await test_.query("insert into ids values (1)");
  expect((await test_.project.runPipeline()).errors).toEqual({});
  const [row] = await test_.query("select texts from glossary");
  expect(String(row?.["texts"]).split(" ").toSorted()).toEqual(["one", "two"]);
});
