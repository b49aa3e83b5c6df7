import { randomBytes } from "node:crypto";
import { defineModel, defineSqlModel, ref } from "millrace";
import { createTestProject } from "millrace/testing";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { expect, test } from "vitest";

const longText = (bytes = 6_750) => randomBytes(bytes).toString("base64");

/** Counts the rows of `src` by `k`, with a function and with a query. */
function declareCounts() {
  const calls: string[] = [];
  const byFunction = defineModel({
    name: "g.by_function",
    table: pipelineTable("by_function", { k: text(), n: integer() }),
    sources: { src: ref("src") },
    forEach: "src",
    by: ["k"],
    async run({ key, rows }) {
      calls.push(String(key["k"]));
      return { k: key["k"] as string, n: rows.length };
    },
  });
  const byQuery = defineSqlModel({
    name: "g.by_query",
    materialized: "table",
    table: pipelineTable("by_query", { k: text(), n: integer() }),
    sources: { src: ref("src") },
    forEach: "src",
    by: ["k"],
    sql: ({ src }) => sql`select k, count(*)::int as n from ${src} group by k`,
  });
  return { calls, models: [byFunction, byQuery] };
}

test("a unit's key may be of any length: it is found again, deleted, explained and traced", async () => {
  const { calls, models } = declareCounts();
  await using test_ = await createTestProject({ models });
  const [gone, kept] = [longText(), `[${longText()}`];
  await test_.query("create table src (id int primary key, k text)");
  await test_.query("insert into src values (1, $1), (2, $2), (3, $2), (4, 'short')", [gone, kept]);
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded", errors: {} });
  expect(await test_.query("select n from by_function where k = $1", [kept])).toEqual([{ n: 2 }]);
  await test_.query("delete from src where id = 1");
  await test_.query("insert into src values (5, $1)", [kept]);
  calls.length = 0;
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded", errors: {} });
  expect(calls).toEqual([kept]);
  for (const table of ["by_function", "by_query"])
    expect(await test_.query(`select k, n from ${table} order by n`)).toEqual([
      { k: "short", n: 1 },
      { k: kept, n: 3 },
    ]);
  const explained = await test_.project.units.explain("g.by_function", [kept]);
  expect(explained).toMatchObject({ reason: "unchanged" });
  expect(Buffer.byteLength(explained.unit)).toBeLessThan(1_000);
  const { rows } = await test_.project.showRows("g.by_function");
  expect(rows).toHaveLength(2);
});

test("keys that a column takes for equal are one group, whose name does not depend on their order", async () => {
  const { calls, models } = declareCounts();
  await using test_ = await createTestProject({ models });
  await test_.query("create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
  await test_.query("create table src (id int primary key, k text collate ci)");
  await test_.query("insert into src values (1, 'Bob'), (2, 'bob'), (3, 'Eve')");
  const counts = (table: string) => test_.query(`select array_agg(n order by n) as n from ${table}`);
  const runBoth = async (options = {}) => {
    expect(await test_.project.runPipeline(undefined, options)).toMatchObject({ status: "succeeded", errors: {} });
    for (const table of ["by_function", "by_query"]) expect(await counts(table)).toEqual([{ n: [1, 2] }]);
  };
  await runBoth();
  await test_.query("delete from src where id = 1");
  await test_.query("insert into src values (9, 'BOB')");
  await runBoth();
  calls.length = 0;
  await runBoth();
  expect(calls).toEqual([]);
  await runBoth({ mode: "full" });
});

test("a key that is spelled differently is another unit, whatever its column takes for equal", async () => {
  const copy = defineModel({
    name: "g.copy",
    table: pipelineTable("copy", { k: text().primaryKey() }),
    sources: { src: ref("src") },
    forEach: "src",
    run: async ({ row }) => ({ k: row["k"] as string }),
  });
  await using test_ = await createTestProject({ models: [copy] });
  await test_.query("create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
  await test_.query("create table src (k text collate ci primary key)");
  await test_.query("insert into src values ('bob')");
  await test_.project.runPipeline();
  await test_.query("update src set k = 'Bob'");
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded", errors: {} });
  expect(await test_.query("select k from copy")).toEqual([{ k: "Bob" }]);
});
