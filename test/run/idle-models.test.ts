import { expect, test } from "vitest";
import { createTestProject } from "millrace/testing";
import { mayBeIdle, type ModelOutcome } from "../../src/run/schedule.ts";
import type { Receipt } from "../../src/state/results.ts";

const MODELS = `
import { defineModel, defineSqlModel, documents, ref } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";

export const words = defineModel({
  name: "n.words",
  table: pipelineTable("words", { documentId: text().notNull(), n: integer().primaryKey(), word: text().notNull() }),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  run({ row }) {
    if (row.content === "bad") throw new Error("bad");
    return [{ documentId: row.id, n: row.content.length, word: row.content }];
  },
});
export const shouts = defineModel({
  name: "n.shouts",
  table: pipelineTable("shouts", { n: integer().primaryKey(), word: text().notNull() }),
  sources: { words: ref(words) },
  forEach: "words",
  maxAttempts: 1,
  run: ({ row }) => [{ n: row.n, word: row.word.toUpperCase() }],
});
export const count = defineSqlModel({
  name: "n.count",
  table: pipelineTable("word_count", { words: integer().primaryKey() }),
  materialized: "table",
  sources: { shouts: ref(shouts) },
  sql: ({ shouts }) => sql\`select count(*)::int as words from \${shouts}\`,
});
`;

const children = (runId: string) =>
  `select count(*)::int as children from dbos.workflow_status where workflow_uuid like '${runId}/%'`;

test("models that have nothing to do are ended without a workflow of their own, and the run says so of each", async () => {
  await using test_ = await createTestProject({ models: { models: MODELS }, documents: { "a.md": "a", "b.md": "bb" } });
  const first = await test_.project.runPipeline();
  expect(first.status).toBe("succeeded");
  expect(await test_.query(children(first.runId))).toEqual([{ children: 3 }]);

  const idle = await test_.project.runPipeline();
  expect(idle).toMatchObject({ status: "succeeded", modelsSkipped: [], errors: {} });
  expect(idle.modelsExecuted.toSorted()).toEqual(["n.count", "n.shouts", "n.words"]);
  expect(await test_.query(children(idle.runId))).toEqual([{ children: 0 }]);
  const records = await test_.project.runs.show(idle.runId);
  expect(records.modelRuns.map(({ model, status }) => `${model} ${status}`)).toEqual([
    "n.words succeeded",
    "n.shouts succeeded",
    "n.count succeeded",
  ]);

  await test_.writeDocument("c.md", "ccc");
  const third = await test_.project.runPipeline();
  expect(third.models["n.shouts"]).toMatchObject({ unitsDone: 1, rowsWritten: 1 });
  expect(await test_.query("select words from word_count")).toEqual([{ words: 3 }]);
});

test("a unit that is set aside is told by a run that has nothing to do", async () => {
  await using test_ = await createTestProject({
    models: { models: MODELS.replace('forEach: "documents",', 'forEach: "documents", maxAttempts: 1,') },
    documents: { "a.md": "a", "b.md": "bad" },
  });
  await test_.project.runPipeline();
  const again = await test_.project.runPipeline();
  expect(again.models["n.words"]).toMatchObject({ status: "partial", unitsDone: 0, unitsQuarantined: 1 });
  expect(await test_.query(children(again.runId))).toEqual([{ children: 0 }]);
});

test("below a view that shows what has just been written nobody asks beforehand", () => {
  const models = [
    { name: "words", upstreams: [] },
    { name: "view", upstreams: ["words"], isView: true },
    { name: "views", upstreams: ["view"], isView: true },
    { name: "count", upstreams: ["views"] },
  ];
  const count = { name: "count", upstreams: ["views"] };
  const after = (rowsWritten: number) =>
    new Map(
      models.map(({ name }): [string, ModelOutcome] => {
        const receipt = { rowsWritten: name === "words" ? rowsWritten : 0, rowsDeleted: 0 } as Receipt;
        return [name, { model: name, receipt }];
      }),
    );
  expect(mayBeIdle(count, models, after(0))).toBe(true);
  expect(mayBeIdle(count, models, after(1))).toBe(false);
});

test("a model that would have to compare much is compared once, in its own turn", async () => {
  await using test_ = await createTestProject({
    models: {
      models: `
import { defineModel, ref } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
export const sizes = defineModel({
  name: "n.sizes",
  table: pipelineTable("sizes", { id: integer().primaryKey(), size: integer().notNull() }),
  sources: { texts: ref("texts") },
  forEach: "texts",
  run: ({ row }) => ({ id: row.id, size: row.body.length }),
});
`,
    },
  });
  await test_.query("create table texts (id int primary key, body text not null)");
  const fill = async (from: number, to: number) =>
    test_.query(
      "insert into texts select n, (select string_agg(md5(n || ' ' || k), '') from generate_series(1, 30) k) from generate_series($1::int, $2) n",
      [from, to],
    );
  await fill(1, 100);
  await test_.project.runPipeline();
  const small = await test_.project.runPipeline();
  expect(await test_.query(children(small.runId))).toEqual([{ children: 0 }]);
  await fill(101, 12_000);
  await test_.project.runPipeline();
  const large = await test_.project.runPipeline();
  expect(large.models["n.sizes"]).toMatchObject({ status: "succeeded", unitsDone: 0 });
  expect(await test_.query(children(large.runId))).toEqual([{ children: 1 }]);
});
