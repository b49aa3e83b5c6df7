import { defineModel, ref } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { expect, test } from "vitest";
import { declareWords } from "../support/word-project.ts";

test("a run limited to a document removes the groups that nothing else has made, and all that was made of them", async () => {
  const { models } = declareWords();
  const notes = defineModel({
    name: "words.notes",
    table: pipelineTable("notes", { content: text().primaryKey() }),
    sources: { words: ref("words", { columns: ["content"] }) },
    forEach: "words",
    run: async ({ row }) => ({ content: String(row["content"]) }),
  });
  await using project = await createTestProject({
    models: [...models, notes],
    documents: { "a.md": "red\nshared", "b.md": "green\nshared" },
  });
  const read = async (table: string) =>
    (await project.query(`select content from ${table} order by 1`)).map(({ content }) => content);
  await project.project.runPipeline();
  expect(await read("notes")).toEqual(["green", "red", "shared"]);

  await project.writeDocument("a.md", "rose");
  await project.writeDocument("b.md", "olive");
  const limited = { filters: { ids: ["docs/a.md"] } };
  const result = await project.project.runPipeline(undefined, limited);
  expect(result).toMatchObject({ status: "succeeded", models: { "words.words": { rowsDeleted: 1 } } });
  expect(await read("words")).toEqual(["green", "rose", "shared"]);
  expect(await read("notes")).toEqual(["green", "rose", "shared"]);
  const { models: planned } = await project.project.plan(undefined, limited);
  expect(planned.filter(({ work, units }) => work > 0 || units.deleted !== undefined)).toEqual([]);

  await project.project.runPipeline();
  expect(await read("words")).toEqual(["olive", "rose"]);
  expect(await read("notes")).toEqual(["olive", "rose"]);
});

test("a group of several documents stays until a run sees all of them", async () => {
  const { models } = declareWords();
  await using project = await createTestProject({
    models: [...models],
    documents: { "a.md": "shared", "b.md": "shared" },
  });
  await project.project.runPipeline();
  await project.writeDocument("a.md", "red");
  await project.writeDocument("b.md", "green");
  for (const id of ["docs/a.md", "docs/b.md"]) await project.project.runPipeline(undefined, { filters: { ids: [id] } });
  const read = () => project.query("select content from words order by 1");
  expect(await read()).toEqual([{ content: "green" }, { content: "red" }, { content: "shared" }]);
  await project.project.runPipeline();
  expect(await read()).toEqual([{ content: "green" }, { content: "red" }]);
});
