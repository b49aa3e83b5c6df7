import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { defineModel, documents } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { declareWords } from "../support/word-project.ts";

const files = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}.md`, `line ${index}`]));

const slow = () =>
  defineModel({
    name: "n.slow",
    table: pipelineTable("slow", { id: text().primaryKey() }),
    sources: { documents: documents() },
    forEach: "documents",
    concurrency: 2,
    async run({ row, signal }) {
      await sleep(100, undefined, { signal });
      return { id: row.id };
    },
  });

test("projects of one process run one after the other", async () => {
  for (const count of [2, 3]) {
    await using test_ = await createTestProject({ models: [...declareWords().models], documents: files(count) });
    expect((await test_.project.runPipeline()).models["words.lines"]).toMatchObject({ unitsDone: count });
  }
});

test("two runs of one project at once process each unit once", async () => {
  const { calls, models } = declareWords({ beforeLine: () => sleep(20) });
  await using test_ = await createTestProject({ models: [...models], documents: files(30) });
  const results = await Promise.all([test_.project.runPipeline(), test_.project.runPipeline()]);
  expect(results.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
  expect(new Set(results.map(({ runId }) => runId)).size).toBe(2);
  expect(calls.lines.length).toBe(30);
  expect(await test_.query("select count(*)::int as lines from lines")).toEqual([{ lines: 30 }]);
});

test("closing a project cancels its run, whose promise resolves and whose end is stored", async () => {
  await using test_ = await createTestProject({ models: [slow()], documents: files(40) });
  const running = test_.project.runPipeline();
  await sleep(900);
  await test_.project[Symbol.asyncDispose]();
  expect(await running).toMatchObject({ status: "cancelled" });
});

test("a signal that fired before starts nothing; one that fires later keeps what is done", async () => {
  await using test_ = await createTestProject({ models: [slow()], documents: files(40) });
  await expect(test_.project.runPipeline(undefined, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: "AbortError",
  });
  expect(await test_.project.runs.list()).toEqual([]);
  const controller = new AbortController();
  const result = await test_.project.runPipeline(undefined, {
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === "model_progress" && event.progress.unitsDone >= 4) controller.abort();
    },
  });
  expect(result.status).toBe("cancelled");
  const done = result.models["n.slow"]?.unitsDone ?? 0;
  expect(done).toBeGreaterThanOrEqual(4);
  expect(await test_.query("select count(*)::int as rows from slow")).toEqual([{ rows: done }]);
  expect(await test_.project.runs.resume(result.runId)).toMatchObject({ status: "succeeded" });
  expect(await test_.query("select count(*)::int as rows from slow")).toEqual([{ rows: 40 }]);
});
