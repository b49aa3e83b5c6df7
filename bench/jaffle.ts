// The jaffle shop, from CSV files to tables: `millrace build` and a run with nothing to do, beside the same SQL in one script
// on one connection. The rows are few, so what is measured is what a run adds.
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";
import type { Database } from "../src/database/connect.ts";
import { openProject } from "../src/project/project.ts";
import { withBenchDatabase } from "./bench-database.ts";
import { median, printTable } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const example = fileURLToPath(new URL("../examples/jaffle-shop", import.meta.url));

const SCRIPT = `
create view stg_customers as select id as customer_id, first_name, last_name from raw_customers;
create view stg_orders as select id as order_id, user_id as customer_id, order_date, status from raw_orders;
create view stg_payments as select id as payment_id, order_id, payment_method, amount / 100.0 as amount from raw_payments;
create table orders as
select o.*,
  p.credit_card_amount, p.coupon_amount, p.bank_transfer_amount, p.gift_card_amount, p.amount
from stg_orders o left join (
  select order_id, sum(amount) as amount,
    coalesce(sum(amount) filter (where payment_method = 'credit_card'), 0) as credit_card_amount,
    coalesce(sum(amount) filter (where payment_method = 'coupon'), 0) as coupon_amount,
    coalesce(sum(amount) filter (where payment_method = 'bank_transfer'), 0) as bank_transfer_amount,
    coalesce(sum(amount) filter (where payment_method = 'gift_card'), 0) as gift_card_amount
  from stg_payments group by order_id
) p using (order_id);
alter table orders add primary key (order_id);
create table customers as
select c.*, min(o.order_date) as first_order, max(o.order_date) as most_recent_order,
  count(o.order_id) as number_of_orders, sum(o.amount) as customer_lifetime_value
from stg_customers c left join orders o using (customer_id) group by 1, 2, 3;
alter table customers add primary key (customer_id);`;

const RAW = {
  raw_customers: "id int primary key, first_name text, last_name text",
  raw_orders: "id int primary key, user_id int, order_date date, status text",
  raw_payments: "id int primary key, order_id int, payment_method text, amount int",
};

async function runScript(database: Database): Promise<void> {
  await database.use(async (client) => {
    for (const [table, columns] of Object.entries(RAW)) {
      const rows: unknown = parse(await readFile(join(example, "seeds", `${table}.csv`)), { columns: true });
      await client.query(`create table ${table} (${columns})`);
      await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
        JSON.stringify(rows),
      ]);
    }
    await client.query(SCRIPT);
  });
}

const samples = new Map<string, number[]>();
async function take(name: string, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now();
  await work();
  samples.set(name, [...(samples.get(name) ?? []), performance.now() - started]);
}

for (let round = 0; round < ROUNDS; round += 1) {
  await withBenchDatabase((database) => take("one script", () => runScript(database)));
  const directory = await mkdtemp(join(tmpdir(), "millrace-jaffle-"));
  try {
    await cp(example, directory, { recursive: true, filter: (path) => !path.includes(".millrace") });
    await withBenchDatabase(async ({ url }) => {
      await using project = await openProject({ directory, database: url });
      const run = async (tests: boolean) => {
        const { status } = await project.runPipeline(undefined, { tests });
        if (status !== "succeeded") throw new Error(`the run ended ${status}`);
      };
      // Tables of Millrace and its engine are made once for a database.
      await project.runPipeline("raw.customers");
      await take("run", () => run(false));
      await take("run, nothing to do", () => run(false));
      await take("build, nothing to do but 20 tests", () => run(true));
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}

const floor = median(samples.get("one script") ?? []);
printTable(
  `Jaffle shop: 8 models, 312 rows, median of ${ROUNDS}`,
  ["what", "ms", "of one script"],
  [...samples].map(([name, times]) => [name, median(times).toFixed(0), (median(times) / floor).toFixed(1)]),
);
