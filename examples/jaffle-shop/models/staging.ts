import { acceptedValues, defineSqlModel, notNull, ref, unique } from "millrace";
import { date, integer, numeric, pipelineTable, sql, text } from "millrace/schema";
import { rawCustomers, rawOrders, rawPayments } from "./seeds.ts";

export const statuses = ["placed", "shipped", "completed", "return_pending", "returned"] as const;
export const paymentMethods = ["credit_card", "coupon", "bank_transfer", "gift_card"] as const;

export const stgCustomers = defineSqlModel({
  name: "staging.customers",
  table: pipelineTable("stg_customers", { customerId: integer().primaryKey(), firstName: text(), lastName: text() }),
  sources: { raw: ref(rawCustomers) },
  tests: [unique("customerId"), notNull("customerId")],
  sql: ({ raw }) => sql`select ${raw.id} as customer_id, ${raw.firstName}, ${raw.lastName} from ${raw}`,
});

export const stgOrders = defineSqlModel({
  name: "staging.orders",
  table: pipelineTable("stg_orders", {
    orderId: integer().primaryKey(),
    customerId: integer(),
    orderDate: date(),
    status: text(),
  }),
  sources: { raw: ref(rawOrders) },
  tests: [unique("orderId"), notNull("orderId"), acceptedValues("status", statuses)],
  sql: ({ raw }) => sql`
    select ${raw.id} as order_id, ${raw.userId} as customer_id, ${raw.orderDate}, ${raw.status}
    from ${raw}`,
});

export const stgPayments = defineSqlModel({
  name: "staging.payments",
  description: "Amounts are in dollars",
  table: pipelineTable("stg_payments", {
    paymentId: integer().primaryKey(),
    orderId: integer(),
    paymentMethod: text(),
    amount: numeric({ mode: "number" }),
  }),
  sources: { raw: ref(rawPayments) },
  tests: [unique("paymentId"), notNull("paymentId"), acceptedValues("paymentMethod", paymentMethods)],
  sql: ({ raw }) => sql`
    select ${raw.id} as payment_id, ${raw.orderId}, ${raw.paymentMethod}, ${raw.amount} / 100.0 as amount
    from ${raw}`,
});
