import type { Socket } from "node:net";
import { integer, jsonb, text, timestamp } from "drizzle-orm/pg-core";
import { beforeAll, expect, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { pipelineTable } from "../../src/table/pipeline-table.ts";
import { readableShape, readableTable, type SelectOptions, selectRows } from "../../src/table/select-rows.ts";
import { TableReader } from "../../src/table/table-reader.ts";
import { describeTable } from "../../src/table/table-shape.ts";
import { createTable, useDatabase } from "./table-fixture.ts";

const database = useDatabase();
const shape = describeTable(
  pipelineTable("notes", {
    id: integer().primaryKey(),
    topicName: text(),
    seenAt: timestamp({ withTimezone: true }),
    details: jsonb().$type<unknown>(),
  }),
);

beforeAll(async () => {
  await createTable(database(), shape.table);
  await database().query(`insert into notes (id, topic_name, seen_at, details)
    select g, case when g % 3 = 0 then null else 'topic ' || g % 3 end, '2026-01-31T10:00:00.123456Z', to_jsonb('text ' || g) from generate_series(1, 10000) g`);
});

function openReader(options: Partial<SelectOptions> = {}, from: Database = database()) {
  const table = options.table ?? readableShape(shape);
  const query = selectRows({ table, reader: "m", orderBy: ["id"], ...options });
  return new TableReader({ database: from, query, decode: table.decoder(query.columns), reader: "m" });
}
const ids = async (options: Partial<SelectOptions>) => (await openReader(options).rows()).map((row) => row["id"]);

test("rows have the table's keys and values, without base columns", async () => {
  const [row] = await openReader({ where: { id: 1 } }).rows();
  expect(row).toEqual({ id: 1, topicName: "topic 1", seenAt: new Date("2026-01-31T10:00:00.123Z"), details: "text 1" });
  expect(await openReader({ where: { id: 1 }, columns: ["sourceKey", "id"] }).rows()).toEqual([
    { sourceKey: "", id: 1 },
  ]);
});

test("iterates, batches and counts", async () => {
  const reader = openReader();
  const seen: unknown[] = [];
  for await (const row of reader) seen.push(row["id"]);
  expect(seen).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
  const sizes: number[] = [];
  for await (const batch of reader.batches(3_000)) sizes.push(batch.length);
  expect(sizes).toEqual([3_000, 3_000, 3_000, 1_000]);
  expect(await reader.count()).toBe(10_000);
});

test("reads nothing before it is used, and all rows only once", async () => {
  await database().query("create table fresh (id integer)");
  const reader = openReader({ table: await readableTable(database(), "fresh", "m") });
  await database().query("insert into fresh values (1)");
  expect(await reader.rows()).toEqual([{ id: 1 }]);
  await database().query("insert into fresh values (2)");
  expect(await reader.rows()).toEqual([{ id: 1 }]);
  expect(await reader.count()).toBe(1);
});

test("a condition may be a value, null, a list, or a list with null", async () => {
  const first = { id: [1, 2, 3, 4, 5, 6] };
  expect(await ids({ where: { id: 7 } })).toEqual([7]);
  expect(await ids({ where: { ...first, topicName: null } })).toEqual([3, 6]);
  expect(await ids({ where: { ...first, topicName: ["topic 1"] } })).toEqual([1, 4]);
  expect(await ids({ where: { ...first, topicName: ["topic 1", null] } })).toEqual([1, 3, 4, 6]);
  expect(await ids({ where: { id: 1, seenAt: new Date("2026-01-31T10:00:00.123Z") } })).toEqual([]);
});

test("[I1] an empty list selects nothing, and undefined is an error", async () => {
  expect(await ids({ where: { topicName: [] } })).toEqual([]);
  expect(() => selectRows({ table: readableShape(shape), reader: "m", where: { topicName: undefined } })).toThrow(
    expect.objectContaining({ code: "WHERE_UNDEFINED" }),
  );
});

test("values are never SQL", async () => {
  expect(await ids({ where: { topicName: ["x'); drop table notes; --", '"', "\\"] } })).toEqual([]);
  expect(await ids({ where: { topicName: "' or true --" } })).toEqual([]);
});

test("[I2] a missing column or table names it, the model and the nearest name", async () => {
  expect(() => selectRows({ table: readableShape(shape), reader: "m", columns: ["topicNam"] })).toThrow(
    'Model "m" reads column "topicNam" of table "notes", which does not have it. Did you mean "topicName"?',
  );
  await expect(readableTable(database(), "note", "m")).rejects.toMatchObject({
    code: "TABLE_NOT_FOUND",
    message: 'Model "m" reads table "note", which is not in the database. Did you mean "notes"?',
  });
});

test("[I2] a table or column that is dropped between planning and reading is the same error", async () => {
  const reader = new TableReader({
    database: database(),
    query: { text: "select id from gone", parameters: [] },
    decode: () => ({}),
    reader: "m",
  });
  await expect(reader.rows()).rejects.toMatchObject({
    code: "TABLE_NOT_FOUND",
    message: 'Model "m" could not read a source: relation "gone" does not exist.',
  });
  await expect(reader.count()).rejects.toMatchObject({ code: "TABLE_NOT_FOUND" });
  const column = new TableReader({
    database: database(),
    query: { text: "select nothing from notes", parameters: [] },
    decode: () => ({}),
    reader: "m",
  });
  await expect(column.rows()).rejects.toMatchObject({ code: "COLUMN_NOT_FOUND" });
});

test("a table known by its name gives rows as the database has them", async () => {
  const table = await readableTable(database(), "notes", "m");
  const [row] = await openReader({ table, columns: ["id", "topic_name"], where: { id: [2] } }).rows();
  expect(row).toEqual({ id: 2, topic_name: "topic 2" });
});

test("breaking off lets go of the connection", async () => {
  await using small = new Database({ url: database().url, maxConnections: 1 });
  for (let round = 0; round < 5; round += 1) {
    for await (const row of openReader({}, small)) {
      expect(row["id"]).toBe(1);
      break;
    }
  }
  await expect(async () => {
    for await (const _row of openReader({}, small)) throw new Error("the model broke");
  }).rejects.toThrow("the model broke");
  expect(await small.query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("readers inside readers never wait for each other, however few connections there are", async () => {
  await using small = new Database({ url: database().url, maxConnections: 2 });
  const nested = async (depth: number): Promise<number> => {
    if (depth === 0) return (await small.query("select 1")).length;
    for await (const row of openReader({}, small)) return (row["id"] as number) + (await nested(depth - 1));
    return 0;
  };
  expect(await Promise.all([nested(4), nested(4), nested(4)])).toEqual([5, 5, 5]);
});

test("streams 300,000 rows of 1 kB in little memory", async () => {
  await database().query(
    "create table large as select g as id, repeat('x', 1000) as content from generate_series(1, 300000) g",
  );
  const reader = openReader({ table: await readableTable(database(), "large", "m"), orderBy: [] });
  let most = 0;
  let rows = 0;
  const before = process.memoryUsage().rss;
  for await (const batch of reader.batches(1_000)) {
    rows += batch.length;
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  expect(rows).toBe(300_000);
  expect(most / 2 ** 20).toBeLessThan(150);
});

test("a connection that ends while rows are read is an error, not a silence", async () => {
  await using lossy = new Database({ url: database().url, applicationName: "lossy" });
  const read = async (size: number) => {
    for await (const _rows of openReader({}, lossy).batches(size)) {
      await database().query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'lossy'",
      );
    }
  };
  for (const size of [1, 9_999]) await expect(read(size)).rejects.toThrow(/terminat|ended|lost/i);
  // The connection is gone before anything is asked of it, and the driver does not know.
  const client = await lossy.connect();
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  client.release();
  await expect(openReader({}, lossy).rows()).rejects.toThrow();
});

test("a connection that ends after the last row, before the server has said so, is an error too", async () => {
  await using lossy = new Database({ url: database().url, maxConnections: 1 });
  lossy.pool.on("connect", (client) => {
    const { connection } = client as unknown as { connection: { sync(): void; stream: Socket } };
    // What ends a cursor that has given all of its rows.
    connection.sync = () => void connection.stream.destroy();
  });
  await expect(openReader({ where: { id: 1 } }, lossy).rows()).rejects.toThrow(/Connection terminated/);
});
