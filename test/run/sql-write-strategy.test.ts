import { expect, test } from "vitest";
import { defineSqlModel, ref, type WriteStrategy } from "millrace";
import { integer, pipelineTable, primaryKey, type sql as Sql, sql, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";

type Query = ReturnType<typeof Sql>;

async function openEvents(writeStrategy: WriteStrategy, where: Query = sql`true`) {
  const model = defineSqlModel({
    name: "shop.events",
    materialized: "table",
    writeStrategy,
    table: pipelineTable("events", { id: integer().primaryKey(), note: text() }),
    sources: { raw: ref("raw_events") },
    sql: ({ raw }) => sql`select ${raw["id"]}, ${raw["note"]} from ${raw} where ${where}`,
  });
  const project = await createTestProject({ models: [model] });
  await project.query("create table raw_events (id int primary key, note text)");
  await project.query("insert into raw_events values (1, 'one'), (2, 'two')");
  return {
    ...project,
    run: async () => (await project.project.runPipeline()).models["shop.events"],
    rows: () => project.query("select id, note from events order by 1"),
  };
}

const edit =
  "delete from raw_events where id = 1; update raw_events set note = 'TWO'; insert into raw_events values (3, 'three')";

test("merge updates and inserts by key, and deletes nothing", async () => {
  await using events = await openEvents("merge");
  await events.run();
  await events.query(edit);
  expect(await events.run()).toMatchObject({ rowsWritten: 2, rowsDeleted: 0 });
  expect(await events.rows()).toEqual([
    { id: 1, note: "one" },
    { id: 2, note: "TWO" },
    { id: 3, note: "three" },
  ]);
});

test("replace makes the table what the query gives", async () => {
  await using events = await openEvents("replace");
  await events.run();
  await events.query(edit);
  expect(await events.run()).toMatchObject({ rowsWritten: 2, rowsDeleted: 1 });
  expect(await events.rows()).toHaveLength(2);
});

test("append adds what the query finds new in its own table; an unchanged source adds nothing", async () => {
  await using events = await openEvents("append", sql`id > (select coalesce(max(id), 0) from events)`);
  expect(await events.run()).toMatchObject({ rowsWritten: 2 });
  expect(await events.run()).toMatchObject({ rowsWritten: 0 });
  await events.query(edit);
  expect(await events.run()).toMatchObject({ rowsWritten: 1 });
  expect(await events.rows()).toEqual([
    { id: 1, note: "one" },
    { id: 2, note: "two" },
    { id: 3, note: "three" },
  ]);
});

test("appending a key that is there is an error, and nothing is written", async () => {
  await using events = await openEvents("append");
  await events.run();
  await events.query("insert into raw_events values (3, 'three')");
  expect(await events.run()).toMatchObject({ status: "failed" });
  expect(await events.rows()).toHaveLength(2);
});

test("merge needs a key", async () => {
  const keyless = defineSqlModel({
    name: "shop.keyless",
    materialized: "table",
    writeStrategy: "merge",
    table: pipelineTable("keyless", { id: integer() }),
    sources: {},
    sql: () => sql`select 1 as id`,
  });
  await using project = await createTestProject({ models: [keyless] });
  await expect(project.project.runPipeline()).rejects.toThrow("no primary key");
});

async function openUnits(writeStrategy: WriteStrategy) {
  const model = defineSqlModel({
    name: "shop.notes",
    materialized: "table",
    writeStrategy,
    table: pipelineTable("notes", { id: integer().notNull(), note: text().notNull() }, (t) =>
      writeStrategy === "merge" ? [primaryKey({ columns: [t.id, t.note] })] : [],
    ),
    sources: { raw: ref("raw_events") },
    forEach: "raw",
    sql: ({ raw }) => sql`select ${raw["id"]}, ${raw["note"]} from ${raw}`,
  });
  const project = await createTestProject({ models: [model] });
  await project.query("create table raw_events (id int primary key, note text)");
  await project.query("insert into raw_events values (1, 'one'), (2, 'two')");
  return {
    ...project,
    run: async () => (await project.project.runPipeline()).models["shop.notes"],
    rows: async () =>
      (await project.query('select note from notes order by id, note collate "C"')).map(({ note }) => note),
  };
}

test.for(["merge", "append"] as const)("units that %s leave the rows of earlier runs", async (writeStrategy) => {
  await using units = await openUnits(writeStrategy);
  expect(await units.run()).toMatchObject({ unitsDone: 2, rowsWritten: 2 });
  await units.query(edit);
  expect(await units.run()).toMatchObject({ unitsDone: 2, rowsWritten: 2, rowsDeleted: 0 });
  expect(await units.rows()).toEqual(["one", "TWO", "two", "three"]);
  expect(await units.run()).toMatchObject({ unitsDone: 0, rowsWritten: 0 });
});
