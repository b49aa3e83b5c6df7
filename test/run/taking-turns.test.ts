import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { defineModel, documents, openProject } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { Database } from "../../src/database/connect.ts";

const titles = (table: string, run: () => Promise<void> = async () => {}) =>
  defineModel({
    name: "n.titles",
    table: pipelineTable(table, { id: text().primaryKey() }),
    sources: { documents: documents() },
    forEach: "documents",
    timeoutMs: 1_000,
    async run({ row }) {
      await run();
      return { id: row.id };
    },
  });

test("a model's time does not run while it waits for another run", async () => {
  await using test_ = await createTestProject({ models: [titles("titles")], documents: { "a.md": "a" } });
  await test_.project.openDatabase();
  await using other = new Database({ url: test_.databaseUrl, applicationName: "millrace other", maxConnections: 1 });
  await other.query(
    `insert into millrace.model_lease (model, token, run_id, executor_id, expires_at)
     values ('n.titles', gen_random_uuid(), 'other', 'other', now() + interval '1 hour')`,
  );
  let isWaiting = false;
  const running = test_.project.runPipeline(undefined, {
    onEvent: ({ type }) => {
      isWaiting ||= type === "model_waiting";
    },
  });
  await expect.poll(() => isWaiting, { timeout: 20_000 }).toBe(true);
  await sleep(1_500);
  await other.query("delete from millrace.model_lease");
  expect((await running).errors).toEqual({});
});

test("a function that goes on writing after its time is stopped by its writer and leaves nothing behind", async () => {
  let stopped: unknown;
  const model = defineModel({
    name: "n.endless",
    table: pipelineTable("endless", { id: text().primaryKey() }),
    sources: {},
    timeoutMs: 300,
    async run({ writer }) {
      try {
        for (let id = 0; ; id += 1) {
          await writer.write({ id: String(id) });
          await sleep(1);
        }
      } catch (error) {
        stopped = error;
      }
    },
  });
  await using test_ = await createTestProject({ models: [model] });
  expect((await test_.project.runPipeline()).errors).toMatchObject({ "n.endless": { code: "MODEL_TIMEOUT" } });
  await expect.poll(() => stopped).toMatchObject({ code: "WRITER_CLOSED" });
  expect(await test_.query("select relname from pg_class where relname like 'stage\\_%'")).toEqual([]);
});

test("a run that is resumed twice at once plays once", async () => {
  let isBroken = true;
  let calls = 0;
  const model = titles("titles", async () => {
    if (isBroken) throw new Error("not yet");
    calls += 1;
    await sleep(200);
  });
  await using test_ = await createTestProject({ models: [model], documents: { "a.md": "a" } });
  const { runId, status } = await test_.project.runPipeline();
  expect(status).not.toBe("succeeded");
  isBroken = false;
  const ends = await Promise.allSettled([test_.project.runs.resume(runId), test_.project.runs.resume(runId)]);
  const reasons = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  expect(reasons).toMatchObject([{ code: "RUN_ACTIVE" }]);
  expect(calls).toBe(1);
  expect(await test_.project.runs.show(runId)).toMatchObject({ status: "succeeded" });
});

test("a table that is made anew is filled anew, whoever made it", async () => {
  await using test_ = await createTestProject({ models: [titles("first_titles")], documents: { "a.md": "a" } });
  await test_.project.runPipeline();
  await test_.project[Symbol.asyncDispose]();
  await using renamed = await openProject({
    directory: test_.directory,
    database: test_.databaseUrl,
    models: [titles("other_titles")],
    documents: ["./docs"],
  });
  await renamed.migrate();
  expect(await renamed.runPipeline()).toMatchObject({ models: { "n.titles": { rowsWritten: 1 } } });
});
