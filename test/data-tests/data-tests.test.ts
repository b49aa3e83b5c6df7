import { expect, test } from "vitest";
import {
  acceptedValues,
  customSql,
  type DataTest,
  defineModel,
  defineSqlModel,
  expression,
  notNull,
  ref,
  relationships,
  rowCount,
  unique,
} from "millrace";
import { boolean, integer, numeric, pipelineTable, sql, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

interface Line {
  orderId: number | null;
  lineNumber: number | null;
  status?: string | null;
  isPaid?: boolean | null;
  amount?: string | null;
}

const table = pipelineTable("order_lines", {
  orderId: integer(),
  lineNumber: integer(),
  status: text(),
  isPaid: boolean(),
  amount: numeric(),
});
const products = defineModel({
  name: "shop.products",
  table: pipelineTable("products", { orderId: integer().notNull(), lineNumber: integer(), status: text() }),
  sources: {},
  async run({ writer }) {
    await writer.write([
      { orderId: 1, lineNumber: 1, status: "a" },
      { orderId: 1, lineNumber: 2 },
      { orderId: 2, lineNumber: null },
    ]);
  },
});

/** What tests say of a table with these rows. */
async function check(rows: readonly Line[], tests: readonly DataTest<Required<Line>>[]) {
  const lines = defineModel({
    name: "shop.order_lines",
    table,
    sources: {},
    tests,
    async run({ writer }) {
      await writer.write(rows);
    },
  });
  await using project = await createTestProject({ models: [lines, products] });
  await project.project.runPipeline();
  const results = await project.project.test();
  return results.map(({ status, failures, rows, error }) => ({
    status,
    failures,
    rows,
    ...(error === undefined ? {} : { error }),
  }));
}

const line = (orderId: number | null, lineNumber: number | null = 1, more: Partial<Line> = {}): Line => ({
  orderId,
  lineNumber,
  ...more,
});
const passed = { status: "passed", failures: 0, rows: [] };

test("every generic test passes on an empty table, but for one that wants rows", async () => {
  const results = await check(
    [],
    [
      notNull("orderId"),
      unique(["orderId", "lineNumber"]),
      acceptedValues("status", ["a"]),
      relationships("orderId", { to: products, field: "orderId" }),
      expression("amount > 0"),
      customSql("any", ({ model }) => sql`select * from ${model}`),
      rowCount({ max: 0 }),
      rowCount({ min: 1 }),
    ],
  );
  expect(results).toEqual([
    ...Array.from({ length: 7 }, () => passed),
    { status: "failed", failures: 1, rows: [{ rows: 0 }] },
  ]);
});

test("not null: a null in any of the columns fails, and the row is shown", async () => {
  const rows = [line(1, null), line(null), line(2, 2)];
  const [one, several] = await check(rows, [notNull("orderId"), notNull(["orderId", "lineNumber"])]);
  expect(one).toMatchObject({ status: "failed", failures: 1 });
  expect(one?.rows).toEqual([{ order_id: null, line_number: 1, status: null, is_paid: null, amount: null }]);
  expect(several?.failures).toBe(2);
});

test("unique: equal keys fail once each with their number; null equals nothing, in a composite key neither", async () => {
  const rows = [line(1), line(1), line(1, 2), line(null), line(null), line(2, null), line(2, null)];
  const [one, both] = await check(rows, [unique("orderId"), unique(["orderId", "lineNumber"])]);
  expect(one).toEqual({
    status: "failed",
    failures: 2,
    rows: [
      { order_id: 1, rows: 3 },
      { order_id: 2, rows: 2 },
    ],
  });
  expect(both).toEqual({ status: "failed", failures: 1, rows: [{ order_id: 1, line_number: 1, rows: 2 }] });
});

test("accepted values: text, numbers and booleans; null is accepted, of no values only null is", async () => {
  const rows = [
    line(1, 1, { status: "a", isPaid: true }),
    line(2, 2, { status: "it's", isPaid: false }),
    line(3, null, { status: null }),
  ];
  const results = await check(rows, [
    acceptedValues("status", ["a", "it's"]),
    acceptedValues("status", ["a"]),
    acceptedValues("lineNumber", [1]),
    acceptedValues("isPaid", [true]),
    acceptedValues("status", []),
  ]);
  expect(results.map(({ failures }) => failures)).toEqual([0, 1, 1, 1, 2]);
});

test("relationships: null refers to nothing; columns of a composite key are compared together", async () => {
  const rows = [line(1, 1), line(null, 7), line(1, 3), line(2, null), line(9, 1)];
  const [one, both, byName] = await check(rows, [
    relationships("orderId", { to: products, field: "orderId" }),
    relationships(["orderId", "lineNumber"], { to: ref(products), field: ["orderId", "lineNumber"] }),
    relationships("orderId", { to: "products", field: "order_id" }),
  ]);
  expect(one?.rows.map((row) => row["order_id"])).toEqual([9]);
  expect(both?.rows.map((row) => [row["order_id"], row["line_number"]])).toEqual([
    [1, 3],
    [9, 1],
  ]);
  expect(byName?.failures).toBe(1);
});

test("an expression fails where it is false, not where it is null", async () => {
  const rows = [line(1, 1, { amount: "5" }), line(2, 1, { amount: "-1.50" }), line(3, 1, { amount: null })];
  const [text, query] = await check(rows, [expression("amount >= 0"), expression(sql`amount < ${5}`)]);
  expect(text?.rows).toEqual([{ order_id: 2, line_number: 1, status: null, is_paid: null, amount: -1.5 }]);
  expect(query?.failures).toBe(1);
});

test("a query of one's own reads further models", async () => {
  const own = customSql(
    "every order has a product",
    ({ model, products }) =>
      sql`select o.order_id from ${model} o left join ${products} p using (order_id) where p.order_id is null;`,
    { reads: { products } },
  );
  const [result] = await check([line(1), line(8)], [own]);
  expect(result).toEqual({ status: "failed", failures: 1, rows: [{ order_id: 8 }] });
});

test("severity and thresholds say whether failing rows warn or fail", async () => {
  const rows = [line(null), line(null), line(null)];
  const results = await check(rows, [
    notNull("orderId", { severity: "warn" }),
    notNull("orderId", { errorIf: 3 }),
    notNull("orderId", { errorIf: 4 }),
    notNull("orderId", { errorIf: 10, warnIf: 4 }),
    notNull("orderId", { severity: "warn", warnIf: 4, errorIf: 1 }),
    notNull("orderId", { where: "line_number > 1" }),
    notNull("orderId", { where: sql`line_number = ${1}` }),
  ]);
  expect(results.map(({ status }) => status)).toEqual([
    "warned",
    "failed",
    "warned",
    "passed",
    "passed",
    "passed",
    "failed",
  ]);
});

test("of many failing rows a hundred are kept, and all are counted", async () => {
  const [result] = await check(
    Array.from({ length: 250 }, (_, index) => line(null, index)),
    [notNull("orderId")],
  );
  expect(result?.failures).toBe(250);
  expect(result?.rows).toHaveLength(100);
});

test("a query that does not work is an error with the next step, whatever its severity", async () => {
  const [wrong, missing] = await check(
    [line(1)],
    [
      expression("no_such_column > 0", { severity: "warn" }),
      relationships("orderId", { to: "no_such_table", field: "id" }),
    ],
  );
  expect(wrong).toMatchObject({ status: "errored", error: { code: "SQL_FAILED" } });
  expect(missing?.error?.message).toContain('"no_such_table" does not exist');
  expect(missing?.error?.hint).toContain("millrace run shop.order_lines");
});

test("a test writes nothing", async () => {
  const destroy = customSql(
    "destroy",
    ({ model }) => sql`with gone as (delete from ${model} returning 1) select * from gone`,
  );
  const [result] = await check([line(1)], [destroy]);
  expect(result?.status).toBe("errored");
});

test("views are tested, with declared columns and without", async () => {
  const typed = defineSqlModel({
    name: "shop.typed",
    table: pipelineTable("typed_view", { orderId: integer() }),
    sources: { products: ref(products) },
    tests: [unique("orderId", { rows: "changed" })],
    sql: ({ products }) => sql`select ${products.orderId} from ${products}`,
  });
  const untyped = defineSqlModel({
    name: "shop.untyped",
    sources: { products: ref(products) },
    tests: [notNull("line_number")],
    sql: ({ products }) => sql`select ${products.lineNumber} from ${products}`,
  });
  await using project = await createTestProject({ models: [products, typed, untyped] });
  const result = await project.project.runPipeline(undefined, { tests: true });
  expect(result.models["shop.typed"]).toMatchObject({ status: "failed", tests: { failed: 1 } });
  expect((await project.project.test({ models: [untyped] }))[0]).toMatchObject({ failures: 1 });
});

test("names that are not there are reported together, before anything runs", async () => {
  const model = defineModel({
    name: "shop.order_lines",
    table,
    sources: {},
    tests: [
      notNull("orderID") as never,
      relationships("orderId", { to: "shop.prodcts", field: "orderId" }),
      relationships("orderId", { to: products, field: "order" as never }),
    ],
    async run() {},
  });
  await using project = await createTestProject({ models: [model, products] });
  const error = await project.project.runPipeline(undefined, { tests: true }).catch((error: Error) => error.message);
  expect(error).toMatchInlineSnapshot(`
    "Tests refer to unknown tables or columns:
      shop.order_lines: test not_null(orderID) names column "orderID", which table "order_lines" does not have. Did you mean "orderId"?
      shop.order_lines: test relationships(orderId → shop.prodcts.orderId) reads model "shop.prodcts", which is not in this project. Did you mean "shop.products"?
      shop.order_lines: test relationships(orderId → shop.products.order) names column "order", which table "products" does not have. Did you mean "orderId"?"
  `);
  expect(await project.query("select * from millrace.run")).toEqual([]);
});

test("a test of changed rows looks at what was written since it last passed", async () => {
  const rows = [line(1), line(2, 2)];
  const lines = defineModel({
    name: "shop.order_lines",
    table: pipelineTable("changing_lines", { orderId: integer().primaryKey(), lineNumber: integer() }),
    sources: { raw: ref("raw_lines") },
    forEach: "raw",
    by: ["id"],
    tests: [expression("line_number < 10", { rows: "changed" }), unique("lineNumber", { rows: "changed" })],
    async run({ key }) {
      const found = rows.find(({ orderId }) => orderId === key["id"]);
      return found === undefined ? null : { orderId: Number(key["id"]), lineNumber: found.lineNumber };
    },
  });
  await using project = await createTestProject({ models: [lines] });
  await project.query("create table raw_lines (id int primary key, text text)");
  await project.query("insert into raw_lines values (1), (2)");
  const build = async () =>
    (await project.project.runPipeline(undefined, { tests: true })).models["shop.order_lines"]?.tests;
  expect(await build()).toMatchObject({ passed: 2 });
  // A row of long ago goes bad behind Millrace's back; it is looked at as long as its run is the last that passed.
  await build();
  await project.query("update changing_lines set line_number = 20 where order_id = 2");
  rows.push(line(3, 3));
  await project.query("insert into raw_lines values (3)");
  expect(await build()).toMatchObject({ passed: 2 });
  rows.push(line(4, 30), line(5, 1));
  await project.query("insert into raw_lines values (4), (5)");
  expect(await build()).toMatchObject({ failed: 2 });
  // Nothing has changed since, but it has not passed either.
  expect(await build()).toMatchObject({ failed: 2 });
});
