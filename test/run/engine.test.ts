import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { defineModel, definePipeline, documents, log, type Model, type RunEvent, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

type Work = () => Promise<void> | void;

/** A table model that writes one row, after doing `work`. */
function step(
  name: string,
  upstreams: readonly Model<object>[] = [],
  work: Work = () => undefined,
  options: object = {},
): Model<object> {
  return defineModel({
    ...options,
    name: `n.${name}`,
    table: pipelineTable(name, { id: integer().primaryKey() }),
    sources: Object.fromEntries(upstreams.map((upstream) => [upstream.name.slice(2), ref(upstream)])),
    async run({ writer }) {
      await work();
      return writer.write({ id: 1 });
    },
  });
}

/** Listens to a run for what a model comes to. */
function eventOf(type: RunEvent["type"], model: string) {
  let onEvent: (event: RunEvent) => void = () => undefined;
  const seen = new Promise<void>((resolve) => {
    onEvent = (event) => {
      if (event.type === type && "model" in event && event.model === model) resolve();
    };
  });
  return { seen, onEvent };
}

test("models start as soon as their own upstreams are done, without waiting for a level", async () => {
  const order: string[] = [];
  const afterFastIsDone = eventOf("model_finished", "n.after_fast");
  const note = (name: string) => () => void order.push(name);
  const fast = step("fast", [], note("fast"));
  // It ends only once what is below the other model is done.
  const slow = step("slow", [], () => afterFastIsDone.seen.then(note("slow")));
  const afterFast = step("after_fast", [fast], note("after_fast"));
  const last = step("last", [afterFast, slow], note("last"));
  await using test_ = await createTestProject({ models: [last, slow, afterFast, fast] });
  const result = await test_.project.runPipeline(undefined, afterFastIsDone);
  expect(order).toEqual(["fast", "after_fast", "slow", "last"]);
  expect(result.modelsExecuted).toEqual(["n.fast", "n.after_fast", "n.slow", "n.last"]);
});

test("a failing model fails the run everywhere; dependents are skipped, the other branch finishes, resume runs what is missing", async () => {
  let isBroken = true;
  const calls: string[] = [];
  const count = (name: string) => () => void calls.push(name);
  const root = step("root", [], count("root"));
  const bad = step("bad", [root], () => {
    calls.push("bad");
    if (isBroken) throw new TypeError("cannot read properties of undefined");
  });
  const below = step("below", [bad], count("below"));
  const other = step("other", [root], count("other"));
  await using test_ = await createTestProject({ models: [root, bad, below, other] });
  const events: RunEvent[] = [];
  const result = await test_.project.runPipeline(
    definePipeline({ name: "p", models: [root, bad, below, other], stopOnError: false }),
    {
      onEvent: (event) => void events.push(event),
    },
  );
  expect(result).toMatchObject({
    status: "failed",
    modelsSkipped: ["n.below"],
    models: { "n.other": { status: "succeeded" } },
  });
  expect(result.errors["n.bad"]).toMatchObject({
    code: "MODEL_FAILED",
    message: 'Model "n.bad" failed: TypeError: cannot read properties of undefined',
  });
  expect(events.find((event) => event.type === "model_skipped")).toMatchObject({
    model: "n.below",
    reason: "upstream n.bad failed",
  });
  expect(await test_.query("select status from millrace.run")).toEqual([{ status: "failed" }]);
  expect(
    await test_.query(
      "select status from dbos.workflow_status where workflow_uuid like '%n.bad' or name = 'millrace.run'",
    ),
  ).toEqual([{ status: "ERROR" }, { status: "ERROR" }]);
  expect(await test_.query("select * from bad")).toEqual([]);

  isBroken = false;
  calls.length = 0;
  const resumed = await test_.project.runs.resume(result.runId);
  expect(calls).toEqual(["bad", "below"]);
  expect(resumed).toMatchObject({ runId: result.runId, status: "succeeded" });
  expect(await test_.query("select id from below")).toEqual([{ id: 1 }]);
  await expect(test_.project.runs.resume(result.runId)).rejects.toMatchObject({ code: "RUN_SUCCEEDED" });
});

test.each(["CANCELLED", "PENDING"])(
  "a model that finished just before its run was stopped (%s) stands when the run is resumed",
  async (status) => {
    let isBroken = true;
    const calls: string[] = [];
    const first = step("first", [], () => void calls.push("first"));
    const second = step("second", [first], () => {
      calls.push("second");
      if (isBroken) throw new Error("not yet");
    });
    await using test_ = await createTestProject({ models: [first, second] });
    const failed = await test_.project.runPipeline(undefined, { mode: "full" });
    // Its rows and receipt were committed; the engine had not written that down yet.
    await test_.query(
      `delete from dbos.operation_outputs where workflow_uuid like '%n.first';
       delete from dbos.workflow_output where workflow_uuid like '%n.first';
       update dbos.workflow_status set status = '${status}' where workflow_uuid like '%n.first'`,
    );
    isBroken = false;
    const resumed = await test_.project.runs.resume(failed.runId);
    expect(resumed).toMatchObject({ status: "succeeded", errors: {} });
    expect(calls).toEqual(["first", "second", "second"]);
  },
);

test("with stopOnError nothing new starts after a failure", async () => {
  const bad = step("bad", [], () => {
    throw new Error("no");
  });
  const badHasFailed = eventOf("model_failed", "n.bad");
  const slow = step("slow", [], () => badHasFailed.seen);
  const afterSlow = step("after_slow", [slow]);
  await using test_ = await createTestProject({ models: [bad, slow, afterSlow] });
  const pipeline = definePipeline({ name: "p", models: [bad, slow, afterSlow] });
  const result = await test_.project.runPipeline(pipeline, badHasFailed);
  expect(result).toMatchObject({ status: "failed", modelsExecuted: ["n.slow"], modelsSkipped: ["n.after_slow"] });
});

test("a model is tried again as often as it says, and the events tell", async () => {
  let attempts = 0;
  const flaky = step(
    "flaky",
    [],
    () => {
      attempts += 1;
      if (attempts < 3) throw new Error("not yet");
    },
    { retry: { maxAttempts: 3, intervalSeconds: 0.05 } },
  );
  await using test_ = await createTestProject({ models: [flaky] });
  const retries: number[] = [];
  const result = await test_.project.runPipeline(undefined, {
    onEvent: (event) => {
      if (event.type === "model_retrying") retries.push(event.attempt);
    },
  });
  expect(result.status).toBe("succeeded");
  expect(retries).toEqual([2, 3]);
});

test("a model that takes too long is stopped through its signal", async () => {
  const forever = step("forever", [], () => sleep(60_000), { timeoutMs: 200 });
  await using test_ = await createTestProject({ models: [forever] });
  const result = await test_.project.runPipeline();
  expect(result.errors["n.forever"]).toMatchObject({ code: "MODEL_TIMEOUT" });
});

test("a cancelled run keeps what is finished, ends as cancelled and can be resumed", async () => {
  let isSlow = true;
  const done: string[] = [];
  const controller = new AbortController();
  const first = step("first");
  const units = defineModel({
    name: "n.units",
    table: pipelineTable("units", { id: text().primaryKey() }),
    sources: { first: ref(first), documents: documents() },
    forEach: "documents",
    concurrency: 1,
    async run({ row, signal }) {
      if (isSlow && done.length === 2) {
        // What is done is committed by then.
        setTimeout(() => controller.abort(), 500);
        await sleep(60_000, undefined, { signal });
      }
      done.push(row.id);
      return { id: row.id };
    },
  });
  await using test_ = await createTestProject({
    models: [first, units, step("after", [units])],
    documents: Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`${index}.md`, `text ${index}`])),
  });
  const result = await test_.project.runPipeline(undefined, { signal: controller.signal });
  expect(result).toMatchObject({
    status: "cancelled",
    models: { "n.first": { status: "succeeded" }, "n.units": { status: "cancelled" } },
  });
  expect(await test_.query("select count(*)::int as units from units")).toEqual([{ units: 2 }]);
  expect(await test_.query("select status from millrace.run")).toEqual([{ status: "cancelled" }]);
  isSlow = false;
  done.length = 0;
  const resumed = await test_.project.runs.resume(result.runId);
  expect(resumed).toMatchObject({ status: "succeeded" });
  expect(done).toHaveLength(3);
});

test("what a model logs and how far it has come reach the run's stored events", async () => {
  const talker = step("talker", [], () => log.info("half-way"));
  await using test_ = await createTestProject({ models: [talker] });
  const result = await test_.project.runPipeline();
  const types: string[] = [];
  const messages: string[] = [];
  for await (const event of test_.project.runs.events(result.runId)) {
    types.push(event.type);
    if (event.type === "log") messages.push(event.message);
  }
  expect(messages).toEqual(["half-way"]);
  expect(types).toEqual(["run_started", "schema_changed", "model_started", "log", "model_finished", "run_finished"]);
});

test("a table that is not there is an error of the model that reads it, never an empty result", async () => {
  const model = defineModel({
    name: "n.reader",
    table: pipelineTable("reader", { id: text().primaryKey() }),
    sources: { legacy: "no_such_table" },
    async run({ sources, writer }) {
      for await (const row of sources.legacy) await writer.write({ id: String(row["id"]) });
    },
  });
  await using test_ = await createTestProject({ models: [model] });
  expect((await test_.project.runPipeline()).errors["n.reader"]).toMatchObject({
    code: "TABLE_NOT_FOUND",
    message: expect.stringContaining("no_such_table"),
  });
});

test("a table model replaces its table with what it wrote, all at once, and leaves equal rows alone", async () => {
  let numbers = [1, 2, 3];
  const model = defineModel({
    name: "n.numbers",
    table: pipelineTable("numbers", { id: integer().primaryKey(), square: integer().notNull() }),
    sources: {},
    async run({ writer }) {
      for (const id of numbers) await writer.write({ id, square: id * id });
      return { seen: numbers.length };
    },
  });
  await using test_ = await createTestProject({ models: [model] });
  await test_.project.runPipeline();
  const before = await test_.query("select * from numbers where id = 2");
  numbers = [2, 3, 4];
  const result = await test_.project.runPipeline();
  expect(result.models["n.numbers"]).toMatchObject({
    rowsWritten: 1,
    rowsDeleted: 1,
    rowsUnchanged: 2,
    counts: { seen: 3 },
  });
  expect(await test_.query("select id, square from numbers order by id")).toEqual([
    { id: 2, square: 4 },
    { id: 3, square: 9 },
    { id: 4, square: 16 },
  ]);
  expect(await test_.query("select * from numbers where id = 2")).toEqual(before);
});
