import { test } from "vitest";
import {
  acceptedValues,
  customSql,
  defineModel,
  defineSeed,
  defineSqlModel,
  expression,
  notNull,
  ref,
  relationships,
  rowCount,
  unique,
} from "millrace";
import { unitTest } from "millrace/testing";
import { date, integer, pipelineTable, sql, text } from "millrace/schema";

const customers = defineModel({
  name: "types.customers",
  table: pipelineTable("type_customers", { customerId: integer().primaryKey(), name: text() }),
  sources: {},
  tests: [unique("customerId"), notNull("customerId"), rowCount({ min: 1 })],
  async run() {},
});
const table = pipelineTable("type_orders", {
  orderId: integer().primaryKey(),
  customerId: integer(),
  status: text({ enum: ["placed", "returned"] }).notNull(),
  note: text(),
  orderDate: date(),
});
const shared = { name: "types.orders", table, sources: {}, run: async () => undefined } as const;
const keyed = [notNull("orderId"), unique("orderId")];

test("tests know the columns of their model", () => {
  defineModel({
    ...shared,
    tests: [
      ...keyed,
      unique(["customerId", "orderDate"], { where: "status <> 'returned'", rows: "changed" }),
      notNull(["customerId", "status"], { severity: "warn", warnIf: 10 }),
      acceptedValues("status", ["placed", "returned"]),
      acceptedValues("customerId", [1, 2]),
      relationships("customerId", { to: ref(customers), field: "customerId" }),
      relationships("customerId", { to: customers, field: "customerId", errorIf: 5 }),
      relationships(["customerId", "note"], { to: customers, field: ["customerId", "name"] }),
      relationships("customerId", { to: "raw_customers", field: "whatever_it_is" }),
      expression("customer_id > 0"),
      expression(sql`order_date <= current_date`, { name: "not in the future" }),
      customSql("with_customer", ({ model, customers }) => sql`select * from ${model}, ${customers}`, {
        reads: { customers },
      }),
    ],
  });
  defineSqlModel({
    name: "types.view",
    sources: {},
    // Nobody declared its columns.
    tests: [notNull("anything"), acceptedValues("else", ["a"])],
    sql: () => sql`select 1`,
  });
});

test("a wrong column does not compile", () => {
  // @ts-expect-error no such column
  defineModel({ ...shared, tests: [notNull("orderID")] });
  // @ts-expect-error no such column among several
  defineModel({ ...shared, tests: [unique(["orderId", "ordered"])] });
  // @ts-expect-error no such column
  defineModel({ ...shared, tests: [acceptedValues("state", ["placed"])] });
  // @ts-expect-error numbers are no status
  defineModel({ ...shared, tests: [acceptedValues("status", [1, 2])] });
  // @ts-expect-error no such column here
  defineModel({ ...shared, tests: [relationships("customer", { to: customers, field: "customerId" })] });
  // @ts-expect-error no such column there
  relationships("customerId", { to: customers, field: "id" });
  // @ts-expect-error no such column there
  relationships("customerId", { to: ref(customers), field: "id" });
  // @ts-expect-error tests made elsewhere are held to the columns too
  defineModel({ ...shared, table: pipelineTable("type_other", { id: text().primaryKey() }), tests: keyed });
  // @ts-expect-error the same for a query with a declared table
  defineSqlModel({ name: "types.query", table, sources: {}, tests: [notNull("typo")], sql: () => sql`select 1` });
  // @ts-expect-error no such severity
  notNull("orderId", { severity: "fatal" });
  // @ts-expect-error a table that was not declared to be read
  customSql("typo", ({ model, others }) => sql`select * from ${model}, ${others}`, { reads: { customers } });
});

test("seeds are typed by their table, and unit tests by their model", () => {
  const seed = defineSeed({ name: "types.seed", file: "seeds/orders.csv", table, tests: [notNull("orderId")] });
  ref(seed, { columns: ["orderId", "status"] });
  unitTest(seed, { expect: [{ orderId: 1, status: "placed" }] });
  // @ts-expect-error no such column
  ref(seed, { columns: ["order"] });
  // @ts-expect-error no such column to test
  defineSeed({ name: "types.seed", file: "seeds/orders.csv", table, tests: [notNull("order")] });
  // @ts-expect-error a seed is a file
  defineSeed({ name: "types.seed", table });
  // @ts-expect-error no such column to expect
  unitTest(seed, { expect: [{ order: 1 }] });
  // @ts-expect-error another type than the column's
  unitTest(seed, { expect: [{ orderId: "1" }] });
  // @ts-expect-error an age has a unit
  ref("raw_orders", { freshness: { loadedAtField: "at", errorAfter: "12" } });
});
