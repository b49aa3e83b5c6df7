import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openProject } from "millrace";
import { createTestProject } from "millrace/testing";

const MODELS = `
import { defineModel, documents, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";

export const titles = defineModel({
  name: "n.titles",
  table: pipelineTable("titles", { id: text().primaryKey() }),
  sources: { documents: documents() },
  forEach: "documents",
  async run({ row }) {
    return { id: row.id };
  },
});

export const total = defineModel({
  name: "n.total",
  table: pipelineTable("total", { titles: integer().primaryKey() }),
  sources: { titles: ref(titles) },
  async run({ sources, writer }) {
    await writer.write({ titles: await sources.titles.count() });
  },
});
`;

test("after an edit that changes nothing, other tools that compile it otherwise make nothing stale", async () => {
  await using test_ = await createTestProject({ models: { notes: MODELS }, documents: { "a.md": "a" } });
  await test_.project.runPipeline();
  await test_.project[Symbol.asyncDispose]();
  const file = join(test_.directory, "models/notes.ts");
  await writeFile(file, (await readFile(file, "utf8")).replaceAll("async run", "// as before\n  async run"));
  const open = () =>
    openProject({ directory: test_.directory, database: test_.databaseUrl, models: "./models", documents: ["./docs"] });
  {
    await using edited = await open();
    expect(await edited.runPipeline()).toMatchObject({ models: { "n.titles": { unitsDone: 0 } } });
  }
  await using later = await open();
  // As if the tools of the first run had been others.
  await (
    await later.openDatabase()
  ).query("update millrace.program set parts = jsonb_set(parts, '{code}', '\"of other tools\"')");
  const { models } = await later.plan();
  expect(models.map(({ work }) => work)).toEqual([0, 0]);
});
