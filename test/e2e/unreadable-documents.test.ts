import { defineModel, documents } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { expect, test } from "vitest";

test("a JSONL line that is no document makes its run partial, until it is corrected", async () => {
  const titles = defineModel({
    name: "notes.titles",
    table: pipelineTable("titles", { id: text().primaryKey() }),
    sources: { documents: documents() },
    forEach: "documents",
    async run({ row }) {
      return { id: row.id };
    },
  });
  const good = '{"id": "a", "text": "a"}\n';
  await using project = await createTestProject({
    models: [titles],
    documents: { "data.jsonl": `${good}{"id": broken\n` },
  });
  for (const mode of ["delta", "delta", "full"] as const)
    expect(await project.project.runPipeline(undefined, { mode })).toMatchObject({ status: "partial", errors: {} });
  expect(await project.query("select count(*)::int as n from titles")).toEqual([{ n: 1 }]);
  await project.writeDocument("data.jsonl", good);
  expect(await project.project.runPipeline()).toMatchObject({ status: "succeeded" });
});
