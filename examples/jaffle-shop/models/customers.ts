import { defineModel, notNull, ref, unique } from "millrace";
import { date, integer, numeric, pipelineTable, text } from "millrace/schema";
import { orders } from "./orders.ts";
import { stgCustomers } from "./staging.ts";

export const customers = defineModel({
  name: "shop.customers",
  description: "Customers with what they have ordered: a new order concerns its customer and no other",
  table: pipelineTable("customers", {
    customerId: integer().primaryKey(),
    firstName: text(),
    lastName: text(),
    firstOrder: date(),
    mostRecentOrder: date(),
    numberOfOrders: integer(),
    customerLifetimeValue: numeric({ mode: "number" }),
  }),
  sources: {
    customers: ref(stgCustomers),
    orders: ref(orders, { columns: ["orderDate", "amount"], match: { customerId: "customerId" } }),
  },
  forEach: "customers",
  tests: [unique("customerId"), notNull("customerId")],
  async run({ row, sources }) {
    const own = await sources.orders.rows();
    if (own.length === 0) return row;
    const dates = own.flatMap(({ orderDate }) => orderDate ?? []).toSorted();
    return {
      ...row,
      firstOrder: dates[0],
      mostRecentOrder: dates.at(-1),
      numberOfOrders: own.length,
      customerLifetimeValue: own.reduce((sum, { amount }) => sum + (amount ?? 0), 0),
    };
  },
});
