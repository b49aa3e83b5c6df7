import { expect, test } from "vitest";
import { defineModel, type RunEnd, type RunEvent, type RunStart } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
import { createTestProject } from "millrace/testing";

const declareOne = (run: () => void = () => undefined) =>
  defineModel({
    name: "shop.one",
    table: pipelineTable("one", { id: integer().primaryKey() }),
    sources: {},
    async run({ writer }) {
      run();
      await writer.write({ id: 1 });
    },
  });

test("functions of the config are called before the first model and after the last", async () => {
  const order: string[] = [];
  const seen: (Omit<RunStart, "query"> | Omit<RunEnd, "query">)[] = [];
  await using project = await createTestProject({
    models: [declareOne(() => order.push("model"))],
    config: {
      async onRunStart({ query, ...run }) {
        order.push("start");
        seen.push(run);
        await query("create table audit (run_id text)");
      },
      async onRunEnd({ query, ...run }) {
        order.push("end");
        seen.push(run);
        await query("insert into audit values ($1)", [run.runId]);
      },
    },
  });
  const { runId } = await project.project.runPipeline();
  expect(order).toEqual(["start", "model", "end"]);
  expect(seen[0]).toEqual({ runId, pipeline: "shop", mode: "delta", models: ["shop.one"] });
  expect(seen[1]).toMatchObject({ runId, status: "succeeded", models: { "shop.one": { rowsWritten: 1 } } });
  expect(await project.query("select run_id from audit")).toEqual([{ run_id: runId }]);
});

test("when onRunStart throws, no model runs and the run has failed; onRunEnd hears of it", async () => {
  let ended = "";
  await using project = await createTestProject({
    models: [declareOne()],
    config: {
      onRunStart: () => {
        throw new Error("the warehouse is closed");
      },
      onRunEnd: ({ status }) => void (ended = status),
    },
  });
  const result = await project.project.runPipeline();
  expect(result.status).toBe("failed");
  expect(result.errors["shop.one"]).toMatchObject({ code: "HOOK_FAILED" });
  expect(result.errors["shop.one"]?.message).toContain("the warehouse is closed");
  expect(ended).toBe("failed");
  expect(await project.query("select * from one")).toEqual([]);
});

test("when onRunEnd throws, that is a warning: the run has ended", async () => {
  const events: RunEvent[] = [];
  await using project = await createTestProject({
    models: [declareOne()],
    config: {
      onRunEnd: () => {
        throw new Error("no mail server");
      },
    },
  });
  const result = await project.project.runPipeline(undefined, { onEvent: (event) => events.push(event) });
  expect(result.status).toBe("succeeded");
  expect(events.at(-1)).toMatchObject({ type: "warning", message: "onRunEnd failed: Error: no mail server" });
});
