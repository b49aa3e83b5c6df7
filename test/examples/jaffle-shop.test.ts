import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createTestProject } from "millrace/testing";

const example = fileURLToPath(new URL("../../examples/jaffle-shop", import.meta.url));

async function openShop() {
  const files = await readdir(join(example, "models"));
  const texts = files.map(async (file) => [file, await readFile(join(example, "models", file), "utf8")] as const);
  const project = await createTestProject({ models: Object.fromEntries(await Promise.all(texts)) });
  await cp(join(example, "seeds"), join(project.directory, "seeds"), { recursive: true });
  return {
    ...project,
    build: () => project.project.runPipeline(undefined, { tests: true, stopOnError: false }),
    /** Replaces a text in a seed. */
    async edit(seed: string, before: string, after: string) {
      const file = join(project.directory, "seeds", seed);
      await writeFile(file, (await readFile(file, "utf8")).replace(before, after));
    },
  };
}

/** The seeds as they stand in the files, in tables that no model has touched. */
async function loadRaw(query: (text: string, values: readonly unknown[]) => Promise<unknown>): Promise<void> {
  for (const name of ["customers", "orders", "payments"]) {
    const [header = "", ...lines] = (await readFile(join(example, "seeds", `raw_${name}.csv`), "utf8"))
      .trim()
      .split("\n");
    const columns = header.split(",");
    const rows = lines.map((line) =>
      Object.fromEntries(line.split(",").map((field, index) => [columns[index], field])),
    );
    const typed = columns
      .map((column) => `${column} ${/^(id|.*_id|amount)$/.test(column) ? "int" : "text"}`)
      .join(", ");
    await query(`create table expected_${name} as select * from json_to_recordset($1) as r (${typed})`, [
      JSON.stringify(rows),
    ]);
  }
}

const EXPECTED_CUSTOMERS = `
  select c.id as customer_id, c.first_name, c.last_name,
    (select min(order_date::date) from expected_orders o where o.user_id = c.id)::text as first_order,
    (select max(order_date::date) from expected_orders o where o.user_id = c.id)::text as most_recent_order,
    (select nullif(count(*), 0) from expected_orders o where o.user_id = c.id)::int as number_of_orders,
    (select sum(p.amount) / 100 from expected_payments p, expected_orders o where p.order_id = o.id and o.user_id = c.id)::int
      as customer_lifetime_value
  from expected_customers c order by 1`;
const EXPECTED_ORDERS = `
  select o.id as order_id, o.user_id as customer_id, o.order_date, o.status,
    ${["credit_card", "coupon", "bank_transfer", "gift_card"]
      .map(
        (method) =>
          `(select coalesce(sum(amount), 0) / 100 from expected_payments where order_id = o.id and payment_method = '${method}')::int as ${method}_amount`,
      )
      .join(", ")},
    (select sum(amount) / 100 from expected_payments where order_id = o.id)::int as amount
  from expected_orders o order by 1`;

test("the jaffle shop builds: its 20 tests pass, and its tables are dbt's", async () => {
  await using shop = await openShop();
  const result = await shop.build();
  expect(result.errors).toEqual({});
  const counts = Object.values(result.models).map((receipt) => receipt.tests);
  expect(counts.reduce((sum, tests) => sum + (tests?.passed ?? 0), 0)).toBe(20);
  expect((await shop.project.test()).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => "passed"));
  await loadRaw((text, values) => shop.query(text, values));
  const amounts = ["credit_card", "coupon", "bank_transfer", "gift_card"].map((method) => `${method}_amount::int`);
  expect(
    await shop.query(
      `select order_id, customer_id, order_date::text, status, ${amounts.join(", ")}, amount::int from orders order by 1`,
    ),
  ).toEqual(await shop.query(EXPECTED_ORDERS));
  const customers = await shop.query(
    `select customer_id, first_name, last_name, first_order::text, most_recent_order::text, number_of_orders,
       customer_lifetime_value::int from customers order by 1`,
  );
  expect(customers).toEqual(await shop.query(EXPECTED_CUSTOMERS));
  // As dbt's tutorial shows them.
  expect(customers.slice(0, 3).map((row) => Object.values(row).join(" "))).toEqual([
    "1 Michael P. 2018-01-01 2018-02-10 2 33",
    "2 Shawn M. 2018-01-11 2018-01-11 1 23",
    "3 Kathleen P. 2018-01-02 2018-03-11 3 65",
  ]);
});

test("a new order concerns its customer and no other", async () => {
  await using shop = await openShop();
  await shop.build();
  await shop.edit("raw_orders.csv", "99,85,2018-04-09,placed\n", "99,85,2018-04-09,placed\n100,1,2018-04-10,placed\n");
  await shop.edit("raw_payments.csv", "113,99,", "114,100,coupon,700\n113,99,");
  const result = await shop.build();
  expect(result.errors).toEqual({});
  expect(
    Object.entries(result.models).map(([name, receipt]) => [name, receipt.rowsWritten, receipt.unitsDone]),
  ).toEqual(
    expect.arrayContaining([
      ["raw.customers", 0, 0],
      ["raw.orders", 1, 0],
      ["raw.payments", 1, 0],
      ["shop.orders", 1, 0],
      ["shop.customers", 1, 1],
    ]),
  );
  expect(
    await shop.query("select number_of_orders, customer_lifetime_value::int from customers where customer_id = 1"),
  ).toEqual([{ number_of_orders: 3, customer_lifetime_value: 40 }]);
});

test("an unknown status stops what is below it, and after the correction the build goes on", async () => {
  await using shop = await openShop();
  await shop.edit("raw_orders.csv", "99,85,2018-04-09,placed", "99,85,2018-04-09,teleported");
  const broken = await shop.build();
  expect(broken.errors["staging.orders"]?.message).toContain("accepted_values(status): 1 row");
  expect(broken.modelsSkipped).toEqual(["shop.orders", "shop.customers"]);
  await shop.edit("raw_orders.csv", "teleported", "placed");
  // The seed is where the fix is: what had succeeded is asked for again.
  await shop.project.runPipeline("raw");
  const resumed = await shop.project.runs.resume(broken.runId);
  expect(resumed.errors).toEqual({});
  expect(resumed.status).toBe("succeeded");
  expect(await shop.query("select count(*)::int as customers from customers")).toEqual([{ customers: 100 }]);
});
