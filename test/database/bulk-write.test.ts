import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect, test } from "vitest";
import { copyLines } from "../../src/database/bulk-write.ts";
import type { DatabaseClient } from "../../src/database/connect.ts";
import { inOneTransaction, useDatabase } from "../table/table-fixture.ts";

const database = useDatabase();

async function withTable<Result>(name: string, work: (client: DatabaseClient) => Promise<Result>): Promise<Result> {
  await database().query(`create table ${name} (id integer primary key, content text)`);
  const client = await database().connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}

const columns = ["id", "content"];
const count = async (client: DatabaseClient, name: string) =>
  (await client.query<{ count: number }>(`select count(*)::int as count from ${name}`)).rows[0]?.count;

function* lines(most: number, badAt = -1): Generator<string> {
  for (let id = 0; id < most; id += 1) yield id === badAt ? `no number\tx` : `${id}\t${"some text ".repeat(20)}`;
}

test("writes every line, from plain and from async iterables", async () => {
  await withTable("plain", async (client) => {
    expect(await copyLines(client, { into: "plain", columns, lines: lines(5_000) })).toBe(5_000);
    async function* later() {
      yield "9001\tlater";
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield "9002\t\\N";
    }
    expect(await copyLines(client, { into: "plain", columns, lines: later() })).toBe(2);
    expect(await copyLines(client, { into: "plain", columns, lines: [] })).toBe(0);
    expect(await count(client, "plain")).toBe(5_002);
  });
});

test.each([
  ["first", 0],
  ["in the middle", 20_000],
  ["last", 39_999],
])(
  "reports the server's own message when a bad line comes %s, and the connection stays usable",
  async (_place, badAt) => {
    const name = `bad_${badAt}`;
    await withTable(name, async (client) => {
      const copied = copyLines(client, { into: name, columns, lines: lines(40_000, badAt) });
      await expect(copied).rejects.toThrow(/invalid input syntax for type integer/);
      expect(await count(client, name)).toBe(0);
      expect(await copyLines(client, { into: name, columns, lines: lines(10) })).toBe(10);
    });
  },
);

test("reports a table that is not there", async () => {
  await withTable("here", async (client) => {
    await expect(copyLines(client, { into: "elsewhere", columns, lines: lines(1) })).rejects.toThrow(
      'relation "elsewhere" does not exist',
    );
    expect(await count(client, "here")).toBe(0);
  });
});

test.each([0, 30_000])("writes nothing when the lines throw after %i of them", async (after) => {
  const name = `thrown_${after}`;
  await withTable(name, async (client) => {
    function* failing() {
      yield* lines(after);
      throw new Error("the source broke");
    }
    await expect(copyLines(client, { into: name, columns, lines: failing() })).rejects.toThrow("the source broke");
    expect(await count(client, name)).toBe(0);
    expect(await copyLines(client, { into: name, columns, lines: lines(3) })).toBe(3);
  });
});

test("reports a connection that ends in the middle", async () => {
  await withTable("ended", async (client) => {
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    async function* killing() {
      yield* lines(20_000);
      await database().query("select pg_terminate_backend($1)", [rows[0]?.pid]);
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield* lines(20_000);
    }
    await expect(copyLines(client, { into: "ended", columns, lines: killing() })).rejects.toThrow(/terminat/i);
  });
  expect(await database().query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("leaves the event loop free while it writes 100,000 rows", async () => {
  await database().query("create table busy (id integer, content text)");
  const delay = monitorEventLoopDelay({ resolution: 5 });
  await inOneTransaction(database(), async (client) => {
    delay.enable();
    await copyLines(client, { into: "busy", columns, lines: lines(100_000) });
    delay.disable();
  });
  expect(delay.max / 1e6).toBeLessThan(2_000);
});
