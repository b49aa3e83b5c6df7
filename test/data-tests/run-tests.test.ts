import { expect, test } from "vitest";
import {
  acceptedValues,
  customSql,
  defineModel,
  defineSqlModel,
  notNull,
  ref,
  relationships,
  type TestResult,
  unique,
} from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

interface Order {
  id: number;
  customer: number | null;
  status: string;
}

const good: readonly Order[] = [
  { id: 1, customer: 1, status: "placed" },
  { id: 2, customer: 2, status: "returned" },
];
const bad: readonly Order[] = [...good, { id: 3, customer: null, status: "lost" }];

/** customers and orders, a report of the orders, and something that reads neither. */
function declareShop(orders: { rows: readonly Order[] }) {
  const calls: string[] = [];
  const shopOrders = defineModel({
    name: "shop.orders",
    table: pipelineTable("orders", { id: integer().primaryKey(), customer: integer(), status: text() }),
    sources: { raw: ref("raw_orders") },
    tests: [
      notNull("customer"),
      acceptedValues("status", ["placed", "returned"]),
      unique("id"),
      relationships("customer", { to: "shop.customers", field: "id" }),
    ],
    async run({ writer }) {
      calls.push("orders");
      await writer.write(orders.rows);
    },
  });
  const customers = defineModel({
    name: "shop.customers",
    table: pipelineTable("customers", { id: integer().primaryKey() }),
    sources: {},
    tests: [notNull("id")],
    async run({ writer }) {
      calls.push("customers");
      await writer.write([{ id: 1 }, { id: 2 }]);
    },
  });
  const report = defineSqlModel({
    name: "shop.report",
    table: pipelineTable("report", { orders: integer().notNull() }),
    materialized: "table",
    sources: { orders: ref(shopOrders) },
    sql: ({ orders }) => sql`select count(*)::int as orders from ${orders}`,
  });
  const other = defineModel({
    name: "shop.zebra",
    table: pipelineTable("zebra", { id: integer().primaryKey() }),
    sources: {},
    async run({ writer }) {
      calls.push("zebra");
      await writer.write({ id: 1 });
    },
  });
  return { calls, models: [shopOrders, customers, report, other] };
}

const build = { tests: true, stopOnError: false } as const;

async function openShop(rows: readonly Order[]) {
  const orders = { rows };
  const shop = declareShop(orders);
  const project = await createTestProject({ models: shop.models });
  await project.query("create table raw_orders (id int)");
  return { ...project, ...shop, orders };
}

test("a failing test fails its model and skips what is below it; the others go on", async () => {
  await using shop = await openShop(bad);
  const seen: TestResult[] = [];
  const result = await shop.project.runPipeline(undefined, {
    ...build,
    onEvent: (event) => {
      if (event.type === "test_finished") seen.push(event.result);
    },
  });
  expect(result.status).toBe("failed");
  expect(Object.fromEntries(Object.entries(result.models).map(([name, { status }]) => [name, status]))).toEqual({
    "shop.customers": "succeeded",
    "shop.orders": "failed",
    "shop.report": "skipped",
    "shop.zebra": "succeeded",
  });
  expect(result.models["shop.orders"]?.tests).toEqual({ passed: 2, warned: 0, failed: 2, errored: 0, skipped: 0 });
  expect(result.errors["shop.orders"]?.code).toBe("TESTS_FAILED");
  expect(result.errors["shop.orders"]?.message).toBe(
    "2 of 4 tests failed: not_null(customer): 1 row; accepted_values(status): 1 row",
  );
  // The rows are there: tests look at what has been committed.
  expect(await shop.query("select count(*)::int as count from orders")).toEqual([{ count: 3 }]);
  expect(seen.find(({ test }) => test === "not_null(customer)")?.rows).toEqual([
    { id: 3, customer: null, status: "lost" },
  ]);
  expect(
    await shop.query(
      "select test, status, failures::int, rows from millrace.test_result where status = 'failed' order by 1",
    ),
  ).toEqual([
    {
      test: "accepted_values(status)",
      status: "failed",
      failures: 1,
      rows: [{ id: 3, customer: null, status: "lost" }],
    },
    { test: "not_null(customer)", status: "failed", failures: 1, rows: [{ id: 3, customer: null, status: "lost" }] },
  ]);
});

test("after the fix a resumed build runs what failed and what was skipped, and nothing else", async () => {
  await using shop = await openShop(bad);
  const { runId } = await shop.project.runPipeline(undefined, build);
  shop.calls.length = 0;
  shop.orders.rows = good;
  await shop.query("insert into raw_orders values (1)");
  const result = await shop.project.runs.resume(runId);
  expect(result.status).toBe("succeeded");
  expect(shop.calls).toEqual(["orders"]);
  expect(result.models["shop.orders"]?.tests).toMatchObject({ passed: 4, failed: 0 });
  expect(await shop.query("select orders from report")).toEqual([{ orders: 2 }]);
});

test("a model whose test failed is tested again in the next build, though nothing has changed", async () => {
  await using shop = await openShop(bad);
  await shop.project.runPipeline(undefined, build);
  shop.calls.length = 0;
  const again = await shop.project.runPipeline(undefined, build);
  expect(again.models["shop.orders"]).toMatchObject({ status: "failed", tests: { failed: 2 } });
  expect(shop.calls).not.toContain("orders");
});

test("a run does not test", async () => {
  await using shop = await openShop(bad);
  const result = await shop.project.runPipeline();
  expect(result.status).toBe("succeeded");
  expect(result.models["shop.orders"]?.tests).toBeUndefined();
});

test("a test that reads another model waits for it", async () => {
  await using shop = await openShop(good);
  const order: string[] = [];
  const result = await shop.project.runPipeline(undefined, {
    ...build,
    onEvent: (event) => {
      if (event.type === "model_finished") order.push(event.model);
    },
  });
  expect(result.status).toBe("succeeded");
  expect(order.indexOf("shop.customers")).toBeLessThan(order.indexOf("shop.orders"));
});

test("a test that reads a model which failed is skipped, its own model goes on", async () => {
  const failing = defineModel({
    name: "shop.failing",
    table: pipelineTable("failing", { id: integer().primaryKey() }),
    sources: {},
    async run() {
      throw new Error("no");
    },
  });
  const model = defineModel({
    name: "shop.depending",
    table: pipelineTable("depending", { id: integer().primaryKey() }),
    sources: {},
    tests: [relationships("id", { to: failing, field: "id" }), notNull("id")],
    async run({ writer }) {
      await writer.write({ id: 1 });
    },
  });
  await using project = await createTestProject({ models: [failing, model] });
  const result = await project.project.runPipeline(undefined, build);
  expect(result.models["shop.failing"]?.status).toBe("failed");
  expect(result.models["shop.depending"]).toMatchObject({
    status: "succeeded",
    tests: { passed: 1, skipped: 1, failed: 0 },
  });
});

test("tests of two models that read each other do not wait for ever", async () => {
  const table = (name: string) => pipelineTable(name, { id: integer().primaryKey() });
  const write = async ({ writer }: { writer: { write: (row: { id: number }) => Promise<unknown> } }) => {
    await writer.write({ id: 1 });
  };
  const declare = (name: string, to: string) =>
    defineModel({
      name,
      table: table(name),
      sources: {},
      tests: [relationships("id", { to, field: "id" })],
      run: write,
    });
  await using project = await createTestProject({ models: [declare("left", "right"), declare("right", "left")] });
  const result = await project.project.runPipeline(undefined, build);
  expect(result.status).toBe("succeeded");
  const tests = Object.values(result.models).map((receipt) => receipt.tests?.passed ?? 0);
  expect(tests.reduce((sum, passed) => sum + passed)).toBe(2);
});

test("a build that was cancelled between a model's rows and its tests still owes them when it is resumed", async () => {
  let seconds = 60;
  const model = defineModel({
    name: "shop.slow",
    table: pipelineTable("slow", { id: integer().primaryKey() }),
    sources: { raw: ref("raw_slow") },
    tests: [customSql("slow", ({ model }) => sql`select * from ${model} where (select pg_sleep(${seconds})) is null`)],
    async run({ writer }) {
      await writer.write({ id: 1 });
    },
  });
  await using project = await createTestProject({ models: [model] });
  await project.query("create table raw_slow (id int)");
  const controller = new AbortController();
  const isStored = async () =>
    (await project.query("select from millrace.model_run where receipt is not null")).length === 1;
  const running = project.project.runPipeline(undefined, { ...build, signal: controller.signal });
  while (!(await isStored())) await new Promise((resolve) => setTimeout(resolve, 20));
  controller.abort();
  const cancelled = await running;
  expect(cancelled.status).toBe("cancelled");
  // As it is when the process was killed: the model's receipt is there, the run has no result.
  await project.query("update millrace.run set result = null");
  seconds = 0;
  const resumed = await project.project.runs.resume(cancelled.runId);
  expect(resumed.status).toBe("succeeded");
  expect(resumed.models["shop.slow"]?.tests).toMatchObject({ passed: 1 });
});
