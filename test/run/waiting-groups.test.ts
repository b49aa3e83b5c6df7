import { expect, test } from "vitest";
import { defineModel, documents, ref, RowError } from "millrace";
import { integer, pipelineTable, primaryKey, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

/** Lines of documents, a word for each line, and all words of a document together. */
function declare({ incomplete }: { incomplete?: "wait" | "process" } = {}) {
  const bad = new Set<string>();
  const asked: string[] = [];
  const lines = defineModel({
    name: "n.lines",
    table: pipelineTable(
      "lines",
      { documentId: text().notNull(), number: integer().notNull(), line: text().notNull() },
      (t) => [primaryKey({ columns: [t.documentId, t.number] })],
    ),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      return row.content.split("\n").map((line, number) => ({ documentId: row.id, number, line }));
    },
  });
  const words = defineModel({
    name: "n.words",
    table: pipelineTable(
      "words",
      { documentId: text().notNull(), number: integer().notNull(), word: text().notNull() },
      (t) => [primaryKey({ columns: [t.documentId, t.number] })],
    ),
    sources: { lines: ref(lines) },
    forEach: "lines",
    async run({ row }) {
      if (bad.has(row.line)) throw new RowError("BAD", "a bad line");
      return { documentId: row.documentId, number: row.number, word: row.line.toUpperCase() };
    },
  });
  const texts = defineModel({
    name: "n.texts",
    table: pipelineTable("texts", { documentId: text().primaryKey(), all: text().notNull() }),
    sources: { words: ref(words) },
    forEach: "words",
    by: ["documentId"],
    ...(incomplete === undefined ? {} : { incomplete }),
    async run({ key, rows }) {
      const all = rows
        .map(({ word }) => word)
        .toSorted()
        .join(" ");
      asked.push(all);
      return { documentId: key.documentId, all };
    },
  });
  const takeAsked = () => asked.splice(0).toSorted();
  return { models: [lines, words, texts], bad, takeAsked };
}

const files = { "a.md": "one\ntwo", "b.md": "three\nfour" };

test("a group waits for a member that failed, and runs when it is there", async () => {
  const { models, bad, takeAsked } = declare();
  bad.add("two");
  await using test_ = await createTestProject({ models, documents: files });
  const first = await test_.project.runPipeline();
  expect(first).toMatchObject({ status: "partial", models: { "n.texts": { status: "partial", unitsWaiting: 1 } } });
  expect(takeAsked()).toEqual(["FOUR THREE"]);
  expect((await test_.project.plan()).models.find(({ model }) => model === "n.texts")?.units).toMatchObject({
    waiting: 1,
  });
  bad.clear();
  await test_.project.runPipeline("n.words", { retry: {} });
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded" });
  expect(takeAsked()).toEqual(["ONE TWO"]);
});

test("an accepted member is not waited for", async () => {
  const { models, bad, takeAsked } = declare();
  bad.add("two");
  await using test_ = await createTestProject({ models, documents: files });
  await test_.project.runPipeline();
  takeAsked();
  expect(await test_.project.units.accept("n.words", { by: "ann" })).toBe(1);
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded" });
  expect(takeAsked()).toEqual(["ONE"]);
});

test("a group whose member failed after a change keeps what it has, and nothing is asked again", async () => {
  const { models, bad, takeAsked } = declare();
  await using test_ = await createTestProject({ models, documents: files });
  await test_.project.runPipeline();
  takeAsked();
  bad.add("deux");
  await test_.writeDocument("a.md", "un\ndeux");
  expect(await test_.project.runPipeline()).toMatchObject({ status: "partial" });
  expect(takeAsked()).toEqual([]);
  expect(await test_.query('select "all" from texts order by 1')).toEqual([{ all: "FOUR THREE" }, { all: "ONE TWO" }]);
});

test("`incomplete: process` takes what there is", async () => {
  const { models, bad, takeAsked } = declare({ incomplete: "process" });
  bad.add("two");
  await using test_ = await createTestProject({ models, documents: files });
  await test_.project.runPipeline();
  expect(takeAsked()).toEqual(["FOUR THREE", "ONE"]);
});
