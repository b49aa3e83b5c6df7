import { expect, test } from "vitest";
import { defineModel, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

const UNITS = 2_000;

/** A model over `input` whose function fails for the given ids. */
function declare(failing: { ids: (id: number) => boolean; calls: number[]; version?: string }) {
  return defineModel({
    name: "n.checked",
    table: pipelineTable("checked", { id: integer().primaryKey(), value: text() }),
    sources: { input: ref("input") },
    forEach: "input",
    async run({ row }) {
      const id = Number(row["id"]);
      failing.calls.push(id);
      if (failing.ids(id)) throw new Error(`no luck with ${id}`);
      return { id, value: String(row["value"]) };
    },
  });
}

const createInput = `create table input as select g as id, 'v1' as value from generate_series(1, ${UNITS}) g;
  alter table input add primary key (id)`;

test("one unit in a hundred fails: the others are there, old output stays, retry runs exactly those", async () => {
  const failing = { ids: (_id: number) => false, calls: [] as number[] };
  await using test_ = await createTestProject({ models: [declare(failing)] });
  for (const statement of createInput.split(";")) await test_.query(statement);
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded" });
  await test_.query("update input set value = 'v2'");
  failing.ids = (id) => id % 100 === 0;
  const result = await test_.project.runPipeline();
  expect(result).toMatchObject({
    status: "partial",
    models: { "n.checked": { status: "partial", unitsDone: UNITS * 0.99, unitsFailed: UNITS * 0.01 } },
  });
  expect(await test_.query("select value, count(*)::int as rows from checked group by 1 order by 1")).toEqual([
    { value: "v1", rows: UNITS * 0.01 },
    { value: "v2", rows: UNITS * 0.99 },
  ]);
  const { total, units } = await test_.project.units.failed({ models: ["n.checked"], limit: 3 });
  expect(total).toBe(UNITS * 0.01);
  expect(units[0]).toMatchObject({ unit: "100", status: "stale", code: "Error", message: "no luck with 100" });

  failing.ids = () => false;
  failing.calls.length = 0;
  expect(await test_.project.runPipeline(undefined, { retry: {} })).toMatchObject({ status: "succeeded" });
  expect(failing.calls.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: UNITS / 100 }, (_, index) => (index + 1) * 100),
  );
  expect(await test_.query("select count(*)::int as rows from checked where value = 'v1'")).toEqual([{ rows: 0 }]);
});

test("a bug stops after the first units, and what is there stays", async () => {
  const failing = { ids: (_id: number) => false, calls: [] as number[] };
  await using test_ = await createTestProject({ models: [declare(failing)] });
  for (const statement of createInput.split(";")) await test_.query(statement);
  failing.ids = () => true;
  // However often: units are not to blame for it.
  for (let run = 0; run < 3; run += 1) {
    failing.calls.length = 0;
    const result = await test_.project.runPipeline();
    expect(result).toMatchObject({ status: "failed", errors: { "n.checked": { code: "MODEL_FAILED" } } });
    expect(failing.calls.length).toBeLessThan(64);
  }
  failing.ids = () => false;
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded" });
  // The units that failed with everything else are not set aside.
  expect(await test_.query("select count(*)::int as rows from checked")).toEqual([{ rows: UNITS }]);
});

test("many units that failed before and fail again are bad data, not a bug", async () => {
  const failing = { ids: (id: number) => id <= 50, calls: [] as number[] };
  await using test_ = await createTestProject({ models: [declare(failing)] });
  for (const statement of createInput.split(";")) await test_.query(statement);
  // The first ones all fail, but nothing tells that the others would.
  await test_.query("delete from input where id <= 50");
  await test_.project.runPipeline();
  await test_.query("insert into input select g, 'v1' from generate_series(1, 50) g");
  for (let run = 0; run < 2; run += 1) {
    expect(await test_.project.runPipeline()).toMatchObject({
      status: "partial",
      models: { "n.checked": { unitsFailed: 50 } },
    });
  }
});
