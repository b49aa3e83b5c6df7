import type { Socket } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { Database } from "../../../src/database/connect.ts";
import { TableReader } from "../../../src/table/read/table-reader.ts";
import { useDatabase } from "../table-fixture.ts";

const database = useDatabase();
beforeAll(async () => {
  await database().query("create table notes as select g as id from generate_series(1, 10000) g");
});

interface Note {
  readonly id: number;
}

function openReader(from: Database = database(), text = "select id from notes order by id") {
  return new TableReader<Note>({
    database: from,
    query: { text, parameters: [] },
    decode: ([id]) => ({ id: id as number }),
    reader: "m",
  });
}

test("iterates, batches and counts", async () => {
  const reader = openReader();
  const seen: unknown[] = [];
  for await (const row of reader) seen.push(row.id);
  expect(seen).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
  const sizes: number[] = [];
  for await (const batch of reader.batches(3_000)) sizes.push(batch.length);
  expect(sizes).toEqual([3_000, 3_000, 3_000, 1_000]);
  expect(await reader.count()).toBe(10_000);
});

test("reads nothing before it is used, and all rows only once", async () => {
  await database().query("create table fresh (id integer)");
  const reader = openReader(database(), "select id from fresh");
  await database().query("insert into fresh values (1)");
  expect(await reader.rows()).toEqual([{ id: 1 }]);
  await database().query("insert into fresh values (2)");
  expect(await reader.rows()).toEqual([{ id: 1 }]);
  expect(await reader.count()).toBe(1);
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

test("breaking off lets go of the connection", async () => {
  await using small = new Database({ url: database().url, maxConnections: 1 });
  for (let round = 0; round < 5; round += 1) {
    for await (const row of openReader(small)) {
      expect(row.id).toBe(1);
      break;
    }
  }
  await expect(async () => {
    for await (const _row of openReader(small)) throw new Error("the model broke");
  }).rejects.toThrow("the model broke");
  expect(await small.query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("readers inside readers never wait for each other, however few connections there are", async () => {
  await using small = new Database({ url: database().url, maxConnections: 2 });
  const nested = async (depth: number): Promise<number> => {
    if (depth === 0) return (await small.query("select 1")).length;
    for await (const row of openReader(small)) return row.id + (await nested(depth - 1));
    return 0;
  };
  expect(await Promise.all([nested(4), nested(4), nested(4)])).toEqual([5, 5, 5]);
});

test("streams 300,000 rows of 1 kB in little memory", async () => {
  await database().query(
    "create table large as select g as id, repeat('x', 1000) as content from generate_series(1, 300000) g",
  );
  const reader = openReader(database(), "select id, content from large");
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
    for await (const _rows of openReader(lossy).batches(size)) {
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
  await expect(openReader(lossy).rows()).rejects.toThrow();
});

test("a connection that ends after the last row, before the server has said so, is an error too", async () => {
  await using lossy = new Database({ url: database().url, maxConnections: 1 });
  lossy.pool.on("connect", (client) => {
    const { connection } = client as unknown as { connection: { sync(): void; stream: Socket } };
    // What ends a cursor that has given all of its rows.
    connection.sync = () => void connection.stream.destroy();
  });
  await expect(openReader(lossy, "select id from notes where id = 1").rows()).rejects.toThrow(/Connection terminated/);
});
