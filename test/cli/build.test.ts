import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/test-database.ts";
import { createFolder, runCli } from "./run-cli.ts";

const MODELS = `
import { acceptedValues, defineSeed, defineSqlModel, notNull, ref, unique } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";

export const raw = defineSeed({
  name: "shop.raw_orders",
  file: "seeds/orders.csv",
  table: pipelineTable("raw_orders", { id: integer().primaryKey(), customer: text(), status: text() }),
});

export const orders = defineSqlModel({
  name: "shop.orders",
  materialized: "table",
  table: pipelineTable("orders", { id: integer().primaryKey(), customer: text(), status: text() }),
  sources: { raw: ref(raw) },
  tests: [unique("id"), notNull("customer"), acceptedValues("status", ["placed", "returned"], { severity: "warn" })],
  sql: ({ raw }) => sql\`select \${raw.id}, \${raw.customer}, \${raw.status} from \${raw} where \${raw.status} <> \${"it's void"}\`,
});

export const report = defineSqlModel({
  name: "shop.report",
  sources: { orders: ref(orders) },
  sql: ({ orders }) => sql\`select count(\${orders.id}) as orders from \${orders}\`,
});
`;
const UNITS = `
import { unitTest } from "millrace/testing";
import { orders } from "./shop.ts";

const given = { raw: [{ id: 1, status: "placed" }, { id: 2, status: "it's void" }] };
export const voids = unitTest(orders, { name: "void orders are left out", given, expect: [{ id: 1 }] });
export const wrong = unitTest(orders, { name: "of a wrong test the difference is shown", given, expect: [{ id: 1, status: "lost" }] });
`;

async function openShop(orders: string) {
  const [folder, database] = [await createFolder(), await createTestDatabase()];
  const write = async (path: string, text: string) => {
    await mkdir(join(folder.path, path, ".."), { recursive: true });
    await writeFile(join(folder.path, path), text);
  };
  await write("millrace.config.ts", 'export default { models: "./models" };');
  await write("models/shop.ts", MODELS);
  await write("seeds/orders.csv", orders);
  return {
    path: folder.path,
    write,
    async run(...args: string[]) {
      const { code, stdout, stderr } = await runCli(args, { cwd: folder.path, env: { DATABASE_URL: database.url } });
      const out = `${stdout}${stderr}`
        .replaceAll(/\d{8}-\d{6}-[0-9a-f]{6}/g, "RUN")
        .replaceAll(/\b[\d.]+m?s\b/g, "TIME");
      return { code, out };
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("a build with a failing test shows the rows, skips what is below and exits with 1; retry goes on", async () => {
  await using shop = await openShop("id,customer,status\n1,ada,placed\n2,,placed\n3,bob,lost\n");
  const broken = await shop.run("build");
  expect(broken.code).toBe(1);
  expect(broken.out).toMatchInlineSnapshot(`
    "Running shop · 3 models · delta · run RUN
    tables     4 changes to match the models
    started    shop.raw_orders
    done       shop.raw_orders  3 rows · TIME
    started    shop.orders
    fail       shop.orders not_null(customer)  1 row · TIME
      id  customer  status
       2  –         placed
    warn       shop.orders accepted_values(status)  1 row · TIME
      id  customer  status
       3  bob       lost
    failed     shop.orders  TESTS_FAILED · 1 of 3 tests failed: not_null(customer): 1 row
    skipped    shop.report  upstream shop.orders failed

    ✗ shop failed after TIME: 1 model failed, 1 skipped, 1 succeeded
    1 model · 6 rows written

    ✗ shop.orders  TESTS_FAILED
      1 of 3 tests failed: not_null(customer): 1 row
      → Fix the model, then run \`millrace runs resume RUN\`: it runs what failed and what was skipped. After a fix further up, run \`millrace build\`.

    Next: millrace runs resume RUN
    Docs: millrace/docs/errors.md#tests_failed
    "
  `);
  // The rows are kept, so that they can be looked at later.
  expect((await shop.run("runs", "show", "last")).out).toContain("   2  –         placed\n");
  await shop.write(
    "models/shop.ts",
    MODELS.replace("${raw.customer}, ", "coalesce(${raw.customer}, 'nobody') as customer, "),
  );
  const readResults = async () => {
    const { results } = JSON.parse(await readFile(join(shop.path, "target/run_results.json"), "utf8")) as {
      results: readonly { unique_id: string; status: string }[];
    };
    return results.filter(({ unique_id: id }) => id.startsWith("model.")).map(({ status }) => status);
  };
  expect(await readResults()).toContain("skipped");
  const fixed = await shop.run("retry");
  expect(fixed.code).toBe(0);
  expect(new Set(await readResults())).toEqual(new Set(["success"]));
  expect(fixed.out).not.toContain("started    shop.raw_orders");
  expect(fixed.out).toContain("2 tests passed, 1 warned");
  expect(fixed.out).toContain("done       shop.report");
  expect((await shop.run("retry")).out).toContain("there is nothing to resume");
});

test("test looks at the tables as they stand", async () => {
  await using shop = await openShop("id,customer,status\n1,ada,placed\n");
  const early = await shop.run("test");
  expect(early.code).toBe(1);
  expect(early.out).toContain("millrace run shop.orders");
  await shop.run("run");
  const { code, out } = await shop.run("test", "shop.orders");
  expect(code).toBe(0);
  expect(out.split("\n").at(-2)).toBe("3 tests passed");
  const json = await shop.run("test", "--json");
  expect((JSON.parse(json.out) as { status: string }[]).map(({ status }) => status)).toEqual([
    "passed",
    "passed",
    "passed",
  ]);
  expect((await shop.run("test", "shop.report")).out).toContain("None of these models has tests.");
});

test("unit tests are found in *.unit.ts files; the difference is shown", async () => {
  await using shop = await openShop("id,customer,status\n");
  await shop.write("models/shop.unit.ts", UNITS);
  const { code, out } = await shop.run("test", "--unit");
  expect(code).toBe(1);
  expect(out).toMatchInlineSnapshot(`
    "pass       shop.orders: void orders are left out
    fail       shop.orders: of a wrong test the difference is shown
         id  status
      ~   1  lost → placed

    1 unit test passed, 1 failed
    "
  `);
  expect((await shop.run("test", "--unit", "shop.report")).out).toContain("No *.unit.ts file");
});

test("compile prints the SQL with its values; seed loads files alone", async () => {
  await using shop = await openShop("id,customer,status\n1,ada,placed\n");
  expect((await shop.run("compile", "shop.orders")).out).toMatchInlineSnapshot(`
    "select "id", "customer", "status" from "raw_orders" where "status" <> 'it''s void';
    "
  `);
  const all = await shop.run("compile");
  expect(all.out).toContain("-- shop.report\nselect count(");
  const seed = await shop.run("seed");
  expect(seed.code).toBe(0);
  expect(seed.out).toContain("done       shop.raw_orders  1 row");
  expect(seed.out).not.toContain("shop.orders");
  const wrong = await shop.run("compile", "shop.raw_orders");
  expect(wrong.code).toBe(2);
  expect(wrong.out).toContain("is a function, not a query");
  expect(await readFile(join(shop.path, "seeds/orders.csv"), "utf8")).toContain("ada");
});

test("a test that is added runs nothing again but itself", async () => {
  const model = (tests: string) => `
import { defineModel, notNull, ref } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
import { raw } from "./shop.ts";

export const ids = defineModel({
  name: "shop.ids",
  table: pipelineTable("ids", { id: integer().primaryKey() }),
  sources: { raw: ref(raw) },
  forEach: "raw",
  tests: [${tests}],
  async run({ row }) {
    return { id: row.id };
  },
});
`;
  await using shop = await openShop("id,customer,status\n1,ada,placed\n");
  await shop.write("models/ids.ts", model(""));
  await shop.run("run");
  await shop.write("models/ids.ts", model('notNull("id")'));
  const plan = JSON.parse((await shop.run("plan", "--json")).out) as { models: { model: string; work: number }[] };
  expect(plan.models.map(({ work }) => work)).toEqual([0, 0, 0, 0]);
  expect((await shop.run("build")).out).toMatch(/done {7}shop\.ids {2}up to date · TIME · 1 test passed/);
});
