import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { defineModel, documents } from "millrace";
import { check, pipelineTable, sql, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

test("a write that the database refuses ends the model, however much is still to be written", async () => {
  const model = defineModel({
    name: "n.large",
    table: pipelineTable("large", { id: text().primaryKey(), content: text().notNull() }, (t) => [
      check("no_bad", sql`${t.id} <> 'bad'`),
    ]),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      if (row.content === "bad") return { id: "bad", content: "" };
      // More than waits to be written at once, and later than the failure.
      await sleep(300);
      return { id: row.id, content: "x".repeat(17 * 1024 * 1024) };
    },
  });
  await using test_ = await createTestProject({ models: [model], documents: { "a.md": "bad", "b.md": "large" } });
  const result = await test_.project.runPipeline();
  expect(result.status).toBe("failed");
  expect(result.errors["n.large"]?.message).toContain("no_bad");
  expect(await test_.query("select id from large")).toEqual([]);
});
