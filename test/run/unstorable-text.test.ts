import { expect, test } from "vitest";
import { defineModel, documents, expression, log, type RunEvent } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

const HALF = "half " + "😀".slice(0, 1);

const titles = (run: (content: string) => string) =>
  defineModel({
    name: "n.titles",
    table: pipelineTable("titles", { title: text().primaryKey() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      return { title: run(row.content) };
    },
  });

test.each([
  ["a null character", "nul \0 inside"],
  ["half of a character", HALF],
])("an error that quotes %s fails its unit and no other", async (_, message) => {
  const model = titles((content) => {
    if (content === "bad") throw new Error(message);
    return content;
  });
  await using test_ = await createTestProject({
    models: [model],
    documents: { "a.md": "good", "b.md": "bad", "c.md": "better" },
  });
  const events: RunEvent[] = [];
  const result = await test_.project.runPipeline(undefined, { onEvent: (event) => void events.push(event) });
  expect(result).toMatchObject({ status: "partial", models: { "n.titles": { unitsDone: 2, unitsFailed: 1 } } });
  expect(await test_.query("select title from titles order by 1")).toEqual([{ title: "better" }, { title: "good" }]);
  const { units } = await test_.project.units.failed();
  expect(units[0]?.message).toContain("\uFFFD");
  expect(events.filter(({ type }) => type === "warning")).toEqual([]);
});

test("a model may fail and log with any text", async () => {
  const model = defineModel({
    name: "n.whole",
    table: pipelineTable("whole", { title: text().primaryKey() }),
    sources: {},
    async run() {
      log.info(HALF);
      throw new Error(HALF);
    },
  });
  await using test_ = await createTestProject({ models: [model] });
  const result = await test_.project.runPipeline();
  expect(result).toMatchObject({ status: "failed", errors: { "n.whole": { code: "MODEL_FAILED" } } });
  expect(await test_.project.runs.list()).toMatchObject([{ status: "failed" }]);
  const stored: RunEvent[] = [];
  for await (const event of test_.project.runs.events(result.runId)) stored.push(event);
  expect(stored).toContainEqual(expect.objectContaining({ type: "log", message: "half \uFFFD" }));
});

test("a failing row is kept whatever its text looks like", async () => {
  const title = String.raw`ends in \u0000`;
  const model = defineModel({
    name: "n.rows",
    table: pipelineTable("some_rows", { title: text().primaryKey() }),
    sources: {},
    tests: [expression("length(title) < 3", { severity: "warn" })],
    async run({ writer }) {
      await writer.write({ title });
    },
  });
  await using test_ = await createTestProject({ models: [model] });
  const result = await test_.project.runPipeline(undefined, { tests: true });
  expect(result).toMatchObject({ status: "succeeded", models: { "n.rows": { tests: { warned: 1 } } } });
  expect(await test_.project.runs.show(result.runId)).toMatchObject({ tests: [{ rows: [{ title }] }] });
});
