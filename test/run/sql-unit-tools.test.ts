import { expect, test } from "vitest";
import { defineSqlModel, documents, openProject, type OpenProjectOptions, ref } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { createTestProject, type TestProject, unitTest } from "millrace/testing";
import { createManifest } from "../../src/dbt/manifest.ts";
import type { AnyModel } from "../../src/model/any-model.ts";
import { declareShop, declareTotals, openShop, readTotals, run, unitsOf, writers } from "../support/shop-project.ts";

/** Another version of the project, on the same database. */
async function openNext({ directory, databaseUrl }: TestProject, models: readonly AnyModel[]) {
  const project = await openProject({
    directory,
    database: databaseUrl,
    models: models as NonNullable<OpenProjectOptions["models"]>,
  });
  return { project, [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() };
}

test("a view, a whole table and units take each other's place", async () => {
  const { orderModel, put } = declareShop();
  const totals = (options: object) =>
    defineSqlModel({
      name: "shop.totals",
      table: pipelineTable("shop_totals", {
        customerId: text().primaryKey(),
        orders: integer().notNull(),
        amount: integer().notNull(),
      }),
      sources: { orders: ref(orderModel) },
      sql: ({ orders }: Record<string, unknown>) =>
        sql`select customer_id, count(*)::int as orders, sum(amount)::int as amount from ${orders} group by 1`,
      ...options,
    });
  const inUnits = { materialized: "table", forEach: "orders", by: ["customerId"] };
  await using test = await createTestProject({ models: [orderModel] });
  let amount = 0;
  for (const form of [{}, inUnits, { materialized: "table" }, inUnits]) {
    amount += 1;
    put({ orderId: 3, customerId: "bob", amount });
    await using next = await openNext(test, [orderModel, totals(form)]);
    await run(next);
    expect(await readTotals(test)).toEqual([
      { customer_id: "ada", orders: 2, amount: 30 },
      { customer_id: "bob", orders: 1, amount },
      { customer_id: "cy", orders: 1, amount: 7 },
    ]);
  }
  const ledger = "select source_key from millrace.unit_state where model = 'shop.totals' order by 1";
  expect((await test.query(ledger)).map((row) => row["source_key"])).toEqual(["ada", "bob", "cy"]);
});

test("another query makes every unit stale; one that is declared current is kept until its rows change", async () => {
  const { orderModel, put } = declareShop();
  const totals = (extra: ReturnType<typeof sql>) =>
    defineSqlModel({
      name: "shop.totals",
      table: pipelineTable("shop_totals", {
        customerId: text().primaryKey(),
        orders: integer().notNull(),
        amount: integer().notNull(),
      }),
      materialized: "table",
      sources: { orders: ref(orderModel) },
      forEach: "orders",
      by: ["customerId"],
      sql: ({ orders }) =>
        sql`select ${orders.customerId}, count(*)::int as orders, sum(${orders.amount})::int${extra} as amount from ${orders} group by 1`,
    });
  await using test = await createTestProject({ models: [orderModel] });
  const runFirst = async () => {
    await using before = await openNext(test, [orderModel, totals(sql``)]);
    return await run(before);
  };
  const first = await runFirst();
  await using next = await openNext(test, [orderModel, totals(sql` + ${100}::int`)]);
  expect(unitsOf(await next.project.plan("shop.totals"), "shop.totals")).toEqual({ code: 3 });
  expect(await next.project.units.explain("shop.totals", ["bob"])).toMatchObject({
    reason: "code",
    willRun: true,
    differences: ["the model's code has changed"],
  });
  expect(await next.project.units.markCurrent("shop.totals")).toBe(3);
  expect(unitsOf(await next.project.plan("shop.totals"), "shop.totals")).toEqual({ kept: 3 });
  put({ orderId: 3, customerId: "bob", amount: 6 });
  const second = await run(next);
  expect(second.models["shop.totals"]).toMatchObject({ unitsDone: 1, rowsWritten: 1 });
  expect(await writers(test)).toEqual({ ada: first.runId, bob: second.runId, cy: first.runId });
  expect((await readTotals(test))[1]).toMatchObject({ customer_id: "bob", amount: 106 });
});

test("a row is traced to the rows of its unit; the unit is explained, tried and counted like any other", async () => {
  await using shop = await openShop((each) => [declareTotals(each)]);
  await run(shop);
  const trace = await shop.project.trace("shop.totals", ["ada"]);
  expect(trace.inputs).toMatchObject([{ source: "orders", by: "unit", total: 2 }]);
  expect(trace.inputs[0]?.rows.map(({ key }) => key)).toEqual([{ order_id: 1 }, { order_id: 2 }]);
  shop.put({ orderId: 2, customerId: "ada", amount: 25 });
  await shop.project.runPipeline("shop.orders");
  expect(await shop.project.units.explain("shop.totals", ["ada"])).toMatchObject({
    reason: "changed",
    willRun: true,
    differences: ["columns it reads from orders have changed"],
  });
  const tried = await shop.project.units.try("shop.totals", { count: 10 });
  expect(tried.map(({ unit, rows }) => ({ unit, rows }))).toEqual([
    { unit: "ada", rows: [{ customerId: "ada", orders: 2, amount: 35 }] },
    { unit: "bob", rows: [{ customerId: "bob", orders: 1, amount: 5 }] },
    { unit: "cy", rows: [{ customerId: "cy", orders: 1, amount: 7 }] },
  ]);
  expect(await readTotals(shop)).toContainEqual({ customer_id: "ada", orders: 2, amount: 30 });
  // Nothing of it has failed, so there is nothing to retry.
  const retried = await shop.project.runPipeline("shop.totals", { retry: {} });
  expect(retried.models["shop.totals"]).toMatchObject({ unitsDone: 0, rowsWritten: 0 });
});

test("a sample is the same few units, and nothing else is touched", async () => {
  await using shop = await openShop((each) => [declareTotals(each)]);
  await run(shop);
  for (const id of [1, 3, 4]) shop.put({ ...shop.orders.get(id)!, amount: 100 });
  await shop.project.runPipeline("shop.orders");
  const sampled = await shop.project.runPipeline("shop.totals", { sample: 2 });
  expect(sampled.models["shop.totals"]).toMatchObject({ unitsDone: 2, rowsWritten: 2, rowsDeleted: 0 });
  const again = await shop.project.runPipeline("shop.totals", { sample: 2, mode: "full" });
  expect(again.models["shop.totals"]).toMatchObject({ unitsDone: 2, rowsWritten: 0, rowsUnchanged: 2 });
  const rest = await shop.project.runPipeline("shop.totals");
  expect(rest.models["shop.totals"]).toMatchObject({ unitsDone: 1, rowsWritten: 1 });
});

test("a run that is limited to documents asks about their units only, with all rows of a group", async () => {
  const pages = defineSqlModel({
    name: "d.pages",
    table: pipelineTable("pages", { documentId: text().primaryKey(), path: text().notNull(), kind: text().notNull() }),
    materialized: "table",
    sources: { documents: documents() },
    forEach: "documents",
    sql: ({ documents }) =>
      sql`select ${documents.id} as document_id, ${documents.path}, split_part(${documents.path}, '-', 2) as kind from ${documents}`,
  });
  const kinds = defineSqlModel({
    name: "d.kinds",
    table: pipelineTable("kinds", { kind: text().primaryKey(), pages: integer().notNull(), all: integer().notNull() }),
    materialized: "table",
    sources: { pages: ref(pages), every: documents() },
    forEach: "pages",
    by: ["kind"],
    sql: ({ pages, every }) =>
      sql`select ${pages.kind}, count(*)::int as pages, (select count(*)::int from ${every}) as "all" from ${pages} group by 1`,
  });
  await using test = await createTestProject({
    models: [pages, kinds],
    documents: { "a-x.md": "one", "b-x.md": "two", "c-y.md": "three" },
  });
  await run(test);
  expect(await test.query('select kind, pages, "all" from kinds order by 1')).toEqual([
    { kind: "x.md", pages: 2, all: 3 },
    { kind: "y.md", pages: 1, all: 3 },
  ]);
  const owners = await test.query(
    "select p.source_key = p.document_id as own, u.document_id = p.document_id as known from pages p join millrace.unit_state u on u.model = 'd.pages' and u.source_key = p.source_key",
  );
  expect(owners).toEqual([1, 2, 3].map(() => ({ own: true, known: true })));
  const limited = await run(test, { mode: "full", filters: { includePattern: "**/a-x.md" } });
  expect(limited.models).toMatchObject({
    "d.pages": { unitsDone: 1, rowsUnchanged: 1 },
    "d.kinds": { unitsDone: 1, rowsUnchanged: 1 },
  });
  await test.writeDocument("b-x.md", null);
  const rest = await run(test);
  expect(rest.models).toMatchObject({ "d.pages": { unitsDone: 0, rowsDeleted: 1 }, "d.kinds": { unitsDone: 2 } });
  expect(await test.query('select kind, pages, "all" from kinds order by 1')).toEqual([
    { kind: "x.md", pages: 1, all: 2 },
    { kind: "y.md", pages: 1, all: 2 },
  ]);
});

test("a process that has lost its lease writes neither rows nor the ledger", async () => {
  const { orderModel } = declareShop();
  const slow = defineSqlModel({
    name: "shop.slow",
    table: pipelineTable("shop_slow", { orderId: integer().primaryKey() }),
    materialized: "table",
    sources: { orders: ref(orderModel) },
    forEach: "orders",
    sql: ({ orders }) => sql`select ${orders.orderId} from ${orders}, pg_sleep(1)`,
  });
  await using test = await createTestProject({ models: [orderModel, slow] });
  const running = test.project.runPipeline();
  const steal = () =>
    test.query("update millrace.model_lease set token = gen_random_uuid() where model = 'shop.slow' returning model");
  await expect.poll(async () => (await steal()).length, { timeout: 10_000 }).toBe(1);
  expect((await running).errors["shop.slow"]).toMatchObject({ code: "LEASE_LOST" });
  expect(await test.query("select from shop_slow")).toEqual([]);
  expect(await test.query("select from millrace.unit_state where model = 'shop.slow'")).toEqual([]);
});

test("two units with one key are an error that names both", async () => {
  const { orderModel } = declareShop();
  const firsts = defineSqlModel({
    name: "shop.firsts",
    table: pipelineTable("shop_firsts", { letter: text().primaryKey(), customerId: text() }),
    materialized: "table",
    sources: { orders: ref(orderModel) },
    forEach: "orders",
    by: ["customerId"],
    sql: ({ orders }) => sql`select distinct 'x' as letter, ${orders.customerId} from ${orders} where amount < 8`,
  });
  await using test = await createTestProject({ models: [orderModel, firsts] });
  const { errors } = await test.project.runPipeline();
  expect(errors["shop.firsts"]).toMatchObject({ code: "DUPLICATE_KEY" });
  expect(errors["shop.firsts"]?.message).toMatch(/bob.*cy/);
});

test("a query in units is tested on rows that stand in the test", async () => {
  const totals = declareTotals(declareShop());
  await unitTest(totals, {
    given: { orders: [{ orderId: 1, customerId: "eve", amount: 3 }] },
    expect: [{ customerId: "eve", orders: 1, amount: 3 }],
  }).run();
});

test("the query is printed for all units, and the manifest calls it incremental", async () => {
  const { orderModel } = declareShop();
  const paid = defineSqlModel({
    name: "shop.paid",
    table: pipelineTable("shop_paid", { customerId: text(), amount: integer().notNull() }),
    materialized: "table",
    sources: {
      orders: ref(orderModel, {
        columns: ["customerId", "amount"],
        where: { customerId: ["ada", "o'neil", null], amount: 10 },
      }),
    },
    forEach: "orders",
    by: ["customerId"],
    sql: ({ orders }) =>
      sql`select ${orders.customerId}, max(${orders.amount}) as amount from ${orders} where amount > ${3} group by 1`,
  });
  await using test = await createTestProject({ models: [orderModel, paid] });
  const text_ = await test.project.compile("shop.paid");
  expect(text_).toBe(
    [
      `with millrace_units as (select "customer_id", "amount" from "shop_orders" as source where ("customer_id" in ('ada', 'o''neil') or "customer_id" is null) and "amount" = 10)`,
      "select * from (",
      'select "customer_id", max("amount") as amount from "millrace_units" where amount > 3 group by 1',
      ") as query",
    ].join("\n"),
  );
  await run(test);
  expect(await test.query(text_)).toEqual(await test.query("select customer_id, amount from shop_paid"));
  const { nodes } = await createManifest(test.project);
  const node = Object.values(nodes).find(({ alias }) => alias === "shop_paid");
  expect(node).toMatchObject({ language: "sql", config: { materialized: "incremental" } });
});
