import { unitTest } from "millrace/testing";
import { customers } from "./customers.ts";
import { orders } from "./orders.ts";

export const payments = unitTest(orders, {
  name: "payments of an order are added up by method",
  given: {
    orders: [{ orderId: 1, customerId: 7 }, { orderId: 2 }],
    payments: [
      { orderId: 1, paymentMethod: "coupon", amount: 1.5 },
      { orderId: 1, paymentMethod: "coupon", amount: 2 },
      { orderId: 1, paymentMethod: "gift_card", amount: 10 },
    ],
  },
  expect: [
    { orderId: 1, customerId: 7, couponAmount: 3.5, giftCardAmount: 10, creditCardAmount: 0, amount: 13.5 },
    { orderId: 2, customerId: null, couponAmount: null, giftCardAmount: null, creditCardAmount: null, amount: null },
  ],
});

export const lifetime = unitTest(customers, {
  name: "orders of a customer are counted and added up",
  given: {
    customers: [{ customerId: 7 }, { customerId: 8 }],
    orders: [
      { customerId: 7, orderDate: "2024-03-01", amount: 13.5 },
      { customerId: 7, orderDate: "2024-02-01", amount: null },
    ],
  },
  expect: [
    {
      customerId: 7,
      firstOrder: "2024-02-01",
      mostRecentOrder: "2024-03-01",
      numberOfOrders: 2,
      customerLifetimeValue: 13.5,
    },
    { customerId: 8, firstOrder: null, mostRecentOrder: null, numberOfOrders: null, customerLifetimeValue: null },
  ],
});
