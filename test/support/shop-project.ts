import { expect } from "vitest";
import { defineModel, defineSqlModel, ref, type RunPlan } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import type { AnyModel } from "../../src/model/any-model.ts";
import { createTestProject, type TestProject } from "millrace/testing";

interface Order {
  readonly orderId: number;
  readonly customerId: string | null;
  readonly amount: number;
}

interface Customer {
  readonly customerId: string;
  readonly city: string;
}

/** Two tables whose rows a test changes between runs. */
export function declareShop() {
  const orders = new Map<number, Order>();
  const customers = new Map<string, Customer>();
  const put = (...rows: readonly Order[]) => rows.forEach((row) => orders.set(row.orderId, row));
  const settle = (...rows: readonly Customer[]) => rows.forEach((row) => customers.set(row.customerId, row));
  put({ orderId: 1, customerId: "ada", amount: 10 }, { orderId: 2, customerId: "ada", amount: 20 });
  put({ orderId: 3, customerId: "bob", amount: 5 }, { orderId: 4, customerId: "cy", amount: 7 });
  settle({ customerId: "ada", city: "Rome" }, { customerId: "bob", city: "Oslo" }, { customerId: "cy", city: "Oslo" });
  const orderModel = defineModel({
    name: "shop.orders",
    table: pipelineTable("shop_orders", {
      orderId: integer().primaryKey(),
      customerId: text(),
      amount: integer().notNull(),
    }),
    sources: {},
    async run({ writer }) {
      await writer.write([...orders.values()]);
    },
  });
  const customerModel = defineModel({
    name: "shop.customers",
    table: pipelineTable("shop_customers", { customerId: text().primaryKey(), city: text().notNull() }),
    sources: {},
    async run({ writer }) {
      await writer.write([...customers.values()]);
    },
  });
  return { orders, customers, put, settle, orderModel, customerModel };
}

export type Shop = ReturnType<typeof declareShop>;

/** One row for each customer: how many orders, and how much. */
export function declareTotals(
  { orderModel }: Pick<Shop, "orderModel">,
  customerId = text().primaryKey() as ReturnType<typeof text>,
) {
  return defineSqlModel({
    name: "shop.totals",
    table: pipelineTable("shop_totals", { customerId, orders: integer().notNull(), amount: integer().notNull() }),
    materialized: "table",
    sources: { orders: ref(orderModel) },
    forEach: "orders",
    by: ["customerId"],
    sql: ({ orders }) =>
      sql`select ${orders.customerId}, count(*)::int as orders, sum(${orders.amount})::int as amount from ${orders} group by 1`,
  });
}

export async function openShop(build: (shop: Shop) => readonly AnyModel[]) {
  const shop = declareShop();
  const test = await createTestProject({ models: [shop.orderModel, shop.customerModel, ...build(shop)] });
  return { ...shop, ...test, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() };
}

export const run = async ({ project }: Pick<TestProject, "project">, options: object = {}) => {
  const result = await project.runPipeline(undefined, options);
  expect(result.errors).toEqual({});
  return result;
};

export const readTotals = (test: Pick<TestProject, "query">) =>
  test.query("select customer_id, orders, amount from shop_totals order by customer_id nulls last");

/** Which run wrote each row last. */
export const writers = async (test: Pick<TestProject, "query">, table = "shop_totals", key = "customer_id") =>
  Object.fromEntries(
    (await test.query(`select coalesce(${key}::text, 'null') as key, workflow_id from ${table}`)).map((row) => [
      row["key"],
      row["workflow_id"],
    ]),
  );

export const unitsOf = (plan: RunPlan, model: string) => plan.models.find((each) => each.model === model)?.units;
