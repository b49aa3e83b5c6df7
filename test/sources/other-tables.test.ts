import { defineModel, defineSqlModel, expression, ref, relationships } from "millrace";
import { createTestProject } from "millrace/testing";
import { check, integer, pipelineTable, sql, text, timestamp } from "millrace/schema";
import { expect, test } from "vitest";

const id = { id: integer().primaryKey() };

test("a table of another schema is read by its name with the schema, in functions, queries and tests", async () => {
  const copy = defineModel({
    name: "shop.copy",
    table: pipelineTable("copy", { ...id }),
    sources: { items: ref("landing.items", { where: { id: [1, 2] } }) },
    forEach: "items",
    run: async ({ row }) => ({ id: row.id as number }),
    tests: [relationships("id", { to: "landing.items", field: "id" })],
  });
  const total = defineSqlModel({
    name: "shop.total",
    materialized: "table",
    table: pipelineTable("total", { ...id }),
    sources: { items: ref("landing.items") },
    sql: ({ items }) => sql`select count(*)::int as id from ${items}`,
  });
  const perItem = defineSqlModel({
    name: "shop.per_item",
    materialized: "table",
    table: pipelineTable("per_item", { ...id }),
    sources: { items: ref("landing.items") },
    forEach: "items",
    sql: ({ items }) => sql`select id from ${items}`,
  });
  await using test_ = await createTestProject({ models: [copy, total, perItem] });
  await test_.query("create schema landing");
  await test_.query("create table landing.items as select id from generate_series(1, 3) as id");
  await test_.query("alter table landing.items add primary key (id)");
  expect(await test_.project.runPipeline(undefined, { tests: true })).toMatchObject({
    status: "succeeded",
    errors: {},
  });
  expect(await test_.query("select id from copy order by 1")).toEqual([{ id: 1 }, { id: 2 }]);
  expect(await test_.query("select id from total")).toEqual([{ id: 3 }]);
  expect(await test_.query("select count(*)::int as rows from per_item")).toEqual([{ rows: 3 }]);
  const trace = await test_.project.trace("shop.copy", ["1"]);
  expect(JSON.stringify(trace)).toContain("landing.items");
  await test_.query("insert into landing.items values (4)");
  expect((await test_.project.runPipeline()).models).toMatchObject({ "shop.per_item": { unitsDone: 1 } });
});

test("where a table is in another schema only, the error says in which and how to read it", async () => {
  const copy = (name: string) =>
    defineModel({
      name: "shop.copy",
      table: pipelineTable("copy", { ...id }),
      sources: { items: ref(name) },
      forEach: "items",
      run: async ({ row }) => ({ id: row.id as number }),
    });
  await using test_ = await createTestProject({ models: [copy("items")] });
  await test_.query("create schema landing");
  await test_.query("create table landing.items (id int primary key)");
  expect((await test_.project.runPipeline()).errors["shop.copy"]).toMatchObject({
    code: "TABLE_NOT_FOUND",
    hint: expect.stringContaining('ref("landing.items")') as string,
  });
  await using other = await createTestProject({ models: [copy("shop.item")] });
  // In a namespace of the project it is a model that is not there.
  expect(() => other.project.graph()).toThrow(/reads model "shop.item"/);
});

test("arrays of enums, numbers and times of a table known by name are arrays", async () => {
  const copy = defineModel({
    name: "s.copy",
    table: pipelineTable("copy", { ...id, seen: text() }),
    sources: { src: ref("src") },
    forEach: "src",
    run: async ({ row: { id, ...row } }) => ({ id: id as number, seen: JSON.stringify(row) }),
  });
  await using test_ = await createTestProject({ models: [copy] });
  await test_.query("create type mood as enum ('ok', 'so, so')");
  await test_.query("create domain small as int check (value < 10)");
  await test_.query(
    "create table src (id int primary key, t text[], m mood[], n numeric[], d date[], s small[], e mood[])",
  );
  await test_.query(
    `insert into src values (1, '{a,NULL}', '{ok,"so, so"}', '{1.50,12345678901234567890.1}', '{2026-01-31}', '{1}', '{}')`,
  );
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded", errors: {} });
  const [row] = await test_.query("select seen::json as seen from copy");
  expect(row?.["seen"]).toEqual({
    t: ["a", null],
    m: ["ok", "so, so"],
    n: ["1.50", "12345678901234567890.1"],
    d: ["2026-01-31"],
    s: ["1"],
    e: [],
  });
});

test("a time that no Date holds is handed on as it is, and computing with it is an error that says so", async () => {
  const columns = { ...id, until: timestamp({ withTimezone: true }) };
  const handOn = defineModel({
    name: "t.hand_on",
    table: pipelineTable("hand_on", { ...columns }),
    sources: { first: ref("t.first") },
    forEach: "first",
    run: async ({ row }) => row as { id: number; until: Date },
  });
  const first = defineSqlModel({
    name: "t.first",
    materialized: "table",
    table: pipelineTable("first", { ...columns }),
    sources: {},
    sql: () =>
      sql`select * from (values (1, timestamptz 'infinity'), (2, '-infinity'), (3, '290000-01-01'), (4, '2026-01-31')) as v (id, until)`,
  });
  const compute = defineModel({
    name: "t.compute",
    table: pipelineTable("compute", { ...id, day: text() }),
    sources: { first: ref(first) },
    forEach: "first",
    run: async ({ row }) => ({ id: row.id, day: row.until?.toISOString() ?? null }),
  });
  await using test_ = await createTestProject({ models: [first, handOn, compute] });
  const result = await test_.project.runPipeline();
  expect(result).toMatchObject({ status: "partial" });
  expect(await test_.query("select until::text from hand_on order by id")).toEqual([
    { until: "infinity" },
    { until: "-infinity" },
    { until: "290000-01-01 00:00:00+00" },
    { until: "2026-01-31 00:00:00+00" },
  ]);
  expect(await test_.query("select id from compute")).toEqual([{ id: 4 }]);
  const failed = await test_.project.units.failed({ models: ["t.compute"] });
  expect(failed.units.map(({ code, message }) => `${code} ${message}`)).toContainEqual(
    expect.stringMatching(/TIME_NOT_A_DATE.*infinity/),
  );
});

test("SQL that ends in a comment stands wherever SQL is given", async () => {
  const ev = defineSqlModel({
    name: "x.ev",
    materialized: "table",
    table: pipelineTable("ev", { ...id, price: integer().default(sql`1 + 1 -- two`) }, (t) => [
      check("ev_price", sql`${t.price} > -10 -- not too low`),
    ]),
    sources: {},
    sql: () => sql`select 1 as id, 5 as price union all select 2, -1 -- the end`,
    tests: [
      expression("price > 0 -- must be positive"),
      expression(sql`price > 0 -- must be positive`, { where: "id > 1 -- the second" }),
    ],
  });
  await using test_ = await createTestProject({ models: [ev] });
  expect(await test_.project.runPipeline()).toMatchObject({ status: "succeeded", errors: {} });
  const results = await test_.project.test();
  expect(results.map(({ status, failures }) => ({ status, failures }))).toEqual([
    { status: "failed", failures: 1 },
    { status: "failed", failures: 1 },
  ]);
});
