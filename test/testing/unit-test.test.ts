import { expect, test } from "vitest";
import { defineModel, defineSqlModel, documents, ref } from "millrace";
import { signature } from "millrace/llm";
import { date, integer, json, numeric, pgEnum, pipelineTable, sql, text } from "millrace/schema";
import { unitTest, UnitTestError } from "millrace/testing";
import { z } from "zod";
import { lifetime, payments } from "../../examples/jaffle-shop/models/orders.unit.ts";

const kind = pgEnum("order_kind", ["shop", "web"]);
const orders = defineModel({
  name: "shop.orders",
  table: pipelineTable("unit_orders", {
    id: integer().primaryKey(),
    customer: text().notNull(),
    kind: kind(),
    amount: numeric({ mode: "number" }),
    orderedOn: date(),
    data: json(z.object({ tags: z.array(z.string()) })),
  }),
  sources: { raw: ref("raw_orders") },
  async run({ writer }) {
    return writer.receipt();
  },
});
const totals = defineSqlModel({
  name: "shop.totals",
  materialized: "table",
  table: pipelineTable("unit_totals", {
    customer: text().primaryKey(),
    total: numeric({ mode: "number" }),
    lastOrder: date(),
    tags: integer(),
  }),
  sources: { orders: ref(orders) },
  sql: ({ orders }) => sql`
    select ${orders.customer}, sum(${orders.amount}) as total, max(${orders.orderedOn}) as last_order,
      sum(jsonb_array_length(${orders.data} -> 'tags'))::int as tags
    from ${orders} where ${orders.kind} = 'web' group by 1`,
});

const failureOf = async (run: () => Promise<void>) => {
  const error = await run().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnitTestError);
  return (error as Error).message;
};

test("a query runs on given rows; what they leave out is null", async () => {
  const unit = unitTest(totals, {
    given: {
      orders: [
        { id: 1, customer: "ada", kind: "web", amount: 1.5, orderedOn: "2024-02-29", data: { tags: ["a", "b"] } },
        { id: 2, customer: "ada", kind: "web", amount: 2 },
        { id: 3, customer: "bob", kind: "shop" },
      ],
    },
    expect: [{ customer: "ada", total: 3.5, lastOrder: "2024-02-29", tags: 2 }],
  });
  await unit.run();
  // Nothing of it stays.
  await unit.run();
});

test("a source that is left out is empty; expecting no rows works", async () => {
  await unitTest(totals, { expect: [] }).run();
});

test("the difference is shown row by row", async () => {
  const unit = unitTest(totals, {
    name: "wrong",
    given: {
      orders: ["ada", "bob", "cid"].map((customer, id) => ({ id, customer, kind: "web", amount: id })),
    },
    expect: [
      { customer: "ada", total: 0 },
      { customer: "bob", total: 7 },
      { customer: "dan", total: null },
    ],
  });
  expect(await failureOf(unit.run)).toMatchInlineSnapshot(`
    "shop.totals: wrong: the rows differ.
       customer  total
    ~  bob       7 → 1
    -  dan       –
    +  cid       2"
  `);
});

test("columns that no expected row names do not count, and neither does the order; repeated rows do", async () => {
  const given = { orders: [1, 2].map((id) => ({ id, customer: `c${id}`, kind: "web", amount: 5 })) };
  await unitTest(totals, { given, expect: [{ customer: "c2" }, { customer: "c1" }] }).run();
  await unitTest(totals, { given, expect: [{ total: 5 }, { total: 5 }] }).run();
  expect(await failureOf(unitTest(totals, { given, expect: [{ total: 5 }] }).run)).toContain("+");
});

test("views without declared columns, tables by name and documents are given like other sources", async () => {
  const view = defineSqlModel({
    name: "shop.view",
    sources: { raw: ref("raw_prices"), documents: documents() },
    sql: ({ raw, documents }) =>
      sql`select d.${documents.title}, r.price * 2 as price from ${raw} r join ${documents} d on d.id = r.document`,
  });
  await unitTest(view, {
    given: { raw: [{ document: "d1", price: 2.5 }], documents: [{ id: "d1", title: "One" }] },
    expect: [{ title: "One", price: 5 }],
  }).run();
  const above = defineSqlModel({
    name: "shop.above",
    sources: { view: ref(view) },
    sql: ({ view }) => sql`select ${view["price"]} + 1 as price from ${view}`,
  });
  await unitTest(above, { given: { view: [{ price: 5 }] }, expect: [{ price: 6 }] }).run();
});

test("models with functions take parameters, matched sources and answers of a language model", async () => {
  const topic = signature({
    name: "topic",
    instructions: "Say what the text is about.",
    input: z.object({ text: z.string() }),
    output: z.object({ topic: z.string() }),
  });
  const topics = defineModel({
    name: "shop.topics",
    table: pipelineTable("unit_topics", { id: integer().primaryKey(), topic: text(), orders: integer() }),
    sources: { raw: ref("raw_notes"), orders: ref(orders, { match: { customer: "customer" } }) },
    forEach: "raw",
    config: z.object({ prefix: z.string().default("") }),
    async run({ row, sources, llm, config }) {
      const { output } = await llm.predict(topic, { text: String(row["text"]) });
      return { id: Number(row["id"]), topic: config.prefix + output.topic, orders: await sources.orders.count() };
    },
  });
  const declaration = {
    given: {
      raw: [{ id: 1, text: "late parcel", customer: "ada" }],
      orders: [
        { id: 1, customer: "ada" },
        { id: 2, customer: "bob" },
      ],
    },
    llm: { respond: () => ({ topic: "delivery" }) },
    config: { prefix: "re: " },
  };
  await unitTest(topics, { ...declaration, expect: [{ id: 1, topic: "re: delivery", orders: 1 }] }).run();
  expect(await failureOf(unitTest(topics, { ...declaration, expect: [{ id: 1, topic: "refund" }] }).run)).toContain(
    "refund → re: delivery",
  );
});

test("a wrong source and a broken query are errors of their own, not differences", async () => {
  await expect(unitTest(totals, { given: { order: [] }, expect: [] }).run()).rejects.toThrow('Did you mean "orders"?');
  const broken = defineSqlModel({ name: "shop.broken", sources: {}, sql: () => sql`select no_such_column` });
  await expect(unitTest(broken, { expect: [] }).run()).rejects.toMatchObject({ code: "SQL_FAILED" });
});

for (const unit of [payments, lifetime]) test(unit.name, () => unit.run());
