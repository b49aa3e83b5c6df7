import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { defineModel, documents } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`${index}.md`, `text ${index}`]));

test("units that are still in flight when a model stops end with it, not with the process", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const model = defineModel({
    name: "n.broken",
    table: pipelineTable("broken", { id: text().primaryKey() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    concurrency: 8,
    async run() {
      throw new TypeError("the same for all");
    },
  });
  await using test_ = await createTestProject({ models: [model], documents: many });
  const result = await test_.project.runPipeline();
  await sleep(50);
  process.off("unhandledRejection", note);
  expect(result.errors["n.broken"]).toMatchObject({
    code: "MODEL_FAILED",
    message: expect.stringContaining("the first units all failed in the same way"),
  });
  expect(unhandled).toEqual([]);
});

test("many units in flight are no reason for a warning of Node", async () => {
  const warnings: string[] = [];
  const note = (warning: Error) => void warnings.push(warning.message);
  process.on("warning", note);
  const model = defineModel({
    name: "n.slow",
    table: pipelineTable("slow", { id: text().primaryKey() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    concurrency: 30,
    async run({ row }) {
      await sleep(20);
      return { id: row.id };
    },
  });
  await using test_ = await createTestProject({ models: [model], documents: many });
  expect((await test_.project.runPipeline()).status).toBe("succeeded");
  process.off("warning", note);
  expect(warnings).toEqual([]);
});
