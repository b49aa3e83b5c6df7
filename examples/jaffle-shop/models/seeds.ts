import { defineSeed } from "millrace";
import { date, integer, pipelineTable, text } from "millrace/schema";

export const rawCustomers = defineSeed({
  name: "raw.customers",
  file: "seeds/raw_customers.csv",
  table: pipelineTable("raw_customers", { id: integer().primaryKey(), firstName: text(), lastName: text() }),
});

export const rawOrders = defineSeed({
  name: "raw.orders",
  file: "seeds/raw_orders.csv",
  table: pipelineTable("raw_orders", {
    id: integer().primaryKey(),
    userId: integer(),
    orderDate: date(),
    status: text(),
  }),
});

export const rawPayments = defineSeed({
  name: "raw.payments",
  description: "Amounts are in cents",
  file: "seeds/raw_payments.csv",
  table: pipelineTable("raw_payments", {
    id: integer().primaryKey(),
    orderId: integer(),
    paymentMethod: text(),
    amount: integer(),
  }),
});
