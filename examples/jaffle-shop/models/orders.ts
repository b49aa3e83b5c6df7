import { acceptedValues, defineSqlModel, notNull, ref, relationships, unique } from "millrace";
import { date, integer, numeric, pipelineTable, sql, text } from "millrace/schema";
import { statuses, stgOrders, stgPayments } from "./staging.ts";

const dollars = () => numeric({ mode: "number" });

export const orders = defineSqlModel({
  name: "shop.orders",
  description: "Orders with what was paid for them, by payment method",
  materialized: "table",
  table: pipelineTable("orders", {
    orderId: integer().primaryKey(),
    customerId: integer(),
    orderDate: date(),
    status: text(),
    creditCardAmount: dollars(),
    couponAmount: dollars(),
    bankTransferAmount: dollars(),
    giftCardAmount: dollars(),
    amount: dollars(),
  }),
  sources: { orders: ref(stgOrders), payments: ref(stgPayments) },
  tests: [
    unique("orderId"),
    notNull("orderId"),
    notNull("customerId"),
    relationships("customerId", { to: "shop.customers", field: "customerId" }),
    acceptedValues("status", statuses),
    notNull("amount"),
    notNull("creditCardAmount"),
    notNull("couponAmount"),
    notNull("bankTransferAmount"),
    notNull("giftCardAmount"),
  ],
  sql: ({ orders, payments }) => {
    const paidBy = (method: string) => sql`coalesce(sum(p.amount) filter (where p.payment_method = ${method}), 0)`;
    return sql`
      select o.*, paid.credit_card_amount, paid.coupon_amount, paid.bank_transfer_amount, paid.gift_card_amount, paid.amount
      from ${orders} as o
      left join (
        select
          p.order_id,
          ${paidBy("credit_card")} as credit_card_amount,
          ${paidBy("coupon")} as coupon_amount,
          ${paidBy("bank_transfer")} as bank_transfer_amount,
          ${paidBy("gift_card")} as gift_card_amount,
          sum(p.amount) as amount
        from ${payments} as p
        group by p.order_id
      ) as paid using (order_id)`;
  },
});
