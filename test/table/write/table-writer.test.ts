import { monitorEventLoopDelay } from "node:perf_hooks";
import { integer, jsonb, text } from "drizzle-orm/pg-core";
import { expect, test } from "vitest";
import type { WriteStrategy } from "../../../src/table/write/apply-stage.ts";
import { pipelineTable } from "../../../src/table/pipeline-table.ts";
import type { TableShape } from "../../../src/table/table-shape.ts";
import { applyWrittenRows, dropStages, TableWriter } from "../../../src/table/write/table-writer.ts";
import { createTable, inOneTransaction, useDatabase } from "../table-fixture.ts";

const database = useDatabase();

let nextTable = 0;
async function createWords(): Promise<TableShape> {
  nextTable += 1;
  return createTable(
    database(),
    pipelineTable(`words_${nextTable}`, { id: integer().primaryKey(), word: text(), more: jsonb().$type<unknown>() }),
  );
}
const createWriter = (shape: TableShape) =>
  new TableWriter<object>({ database: database(), shape, stage: `stage_${shape.name}_1` });

async function writeAll(
  shape: TableShape,
  rows: Iterable<object>,
  { strategy = "replace", runId = "r" }: { strategy?: WriteStrategy; runId?: string } = {},
) {
  const writer = createWriter(shape);
  await writer.write(rows);
  await writer.close();
  return inOneTransaction(database(), (client) =>
    applyWrittenRows(client, { writer, strategy, runId, modelName: "m" }),
  );
}
const words = (shape: TableShape) => database().query(`select id, word from "${shape.name}" order by id`);
const stages = (shape: TableShape) =>
  database().query(
    "select relname from pg_class where relnamespace = 'millrace'::regnamespace and relkind = 'r' and starts_with(relname, $1)",
    [`stage_${shape.name}_`],
  );

test("takes one row, lists, iterables and async iterables; readers see them when they are applied", async () => {
  const shape = await createWords();
  const writer = createWriter(shape);
  expect(await writer.write({ id: 1, word: "one" })).toEqual({ rowsWritten: 1 });
  expect(await writer.write([{ id: 2 }, { id: 3 }])).toEqual({ rowsWritten: 2 });
  expect(await writer.write(new Set([{ id: 4 }]))).toEqual({ rowsWritten: 1 });
  async function* later() {
    yield { id: 5, word: "a\0b" };
    await new Promise((resolve) => setTimeout(resolve, 5));
    yield { id: 6 };
  }
  expect(await writer.write(later())).toEqual({ rowsWritten: 2 });
  expect(writer.receipt()).toEqual({ rowsWritten: 6 });
  expect(writer.nulCharacters).toBe(1);
  await writer.close();
  expect(await words(shape)).toEqual([]);
  const counts = await inOneTransaction(database(), (client) =>
    applyWrittenRows(client, { writer, strategy: "replace", runId: "r", modelName: "m" }),
  );
  expect(counts).toEqual({ rowsWritten: 6, rowsDeleted: 0, rowsUnchanged: 0 });
  expect(await words(shape)).toHaveLength(6);
  expect(await stages(shape)).toEqual([]);
  await expect(writer.write({ id: 7 })).rejects.toMatchObject({ code: "WRITER_CLOSED" });
});

test("replace leaves exactly the written rows and does not touch equal ones", async () => {
  const shape = await createWords();
  await writeAll(
    shape,
    [1, 2, 3].map((id) => ({ id, word: "old" })),
  );
  await database().query(`insert into "${shape.name}" (id, word) values (9, 'from elsewhere')`);
  expect(await writeAll(shape, [{ id: 1, word: "old" }, { id: 2, word: "new" }, { id: 4 }])).toEqual({
    rowsWritten: 2,
    rowsDeleted: 2,
    rowsUnchanged: 1,
  });
  expect(await words(shape)).toEqual([
    { id: 1, word: "old" },
    { id: 2, word: "new" },
    { id: 4, word: null },
  ]);
  expect(await writeAll(shape, [])).toEqual({ rowsWritten: 0, rowsDeleted: 3, rowsUnchanged: 0 });
});

test("merge keeps what is not written, append adds and starts over in a retry", async () => {
  const shape = await createWords();
  await writeAll(shape, [{ id: 1 }], { strategy: "merge" });
  expect(await writeAll(shape, [{ id: 2 }], { strategy: "merge" })).toEqual({
    rowsWritten: 1,
    rowsDeleted: 0,
    rowsUnchanged: 0,
  });
  await writeAll(shape, [{ id: 3 }, { id: 4 }], { strategy: "append", runId: "a" });
  await writeAll(shape, [{ id: 3 }], { strategy: "append", runId: "a" });
  expect((await words(shape)).map((row) => row["id"])).toEqual([1, 2, 3]);
  await expect(writeAll(shape, [{ id: 1 }], { strategy: "append", runId: "b" })).rejects.toMatchObject({
    code: "DUPLICATE_KEY",
  });
});

test("a key that is written twice is named, and nothing changes", async () => {
  const shape = await createWords();
  await expect(writeAll(shape, [{ id: 1 }, { id: 1 }])).rejects.toMatchObject({
    code: "DUPLICATE_KEY",
    message: `Table "${shape.name}": the model writes twice the row {"id":1}.`,
  });
  expect(await words(shape)).toEqual([]);
});

test("stages of attempts that died are dropped by their prefix", async () => {
  const shape = await createWords();
  const writer = createWriter(shape);
  await writer.write({ id: 1 });
  await writer.close();
  expect(await stages(shape)).toHaveLength(1);
  await dropStages(database(), { prefix: "stage_other" });
  expect(await stages(shape)).toHaveLength(1);
  await dropStages(database(), { prefix: `stage_${shape.name}` });
  expect(await stages(shape)).toEqual([]);
});

test("a server error while rows come in is thrown by the writer", async () => {
  const shape = await createWords();
  const writer = createWriter(shape);
  await database().query(`alter table "${shape.name}" drop column word`);
  await writer.write({ id: 1, word: "x" });
  await expect(writer.close()).rejects.toThrow('column "word" does not exist');
});

test("a model that pauses between its rows holds no connection meanwhile", async () => {
  const shape = await createWords();
  const writer = createWriter(shape);
  const word = "x".repeat(300_000);
  const { pool } = database();
  for (const id of [1, 2, 3]) {
    await writer.write([
      { id, word },
      { id: -id, word },
    ]);
    await expect.poll(() => pool.totalCount - pool.idleCount).toBe(0);
  }
  await writer.close();
  expect(await database().query(`select count(*)::int from ${writer.stageName}`)).toEqual([{ count: 6 }]);
});

test("100,000 rows leave the event loop free and little in memory", async () => {
  const shape = await createWords();
  function* rows() {
    for (let id = 0; id < 100_000; id += 1)
      yield { id, word: "some words ".repeat(40), more: { tags: ["a", "b"], note: "line\n".repeat(20) } };
  }
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  expect(await writeAll(shape, rows())).toEqual({ rowsWritten: 100_000, rowsDeleted: 0, rowsUnchanged: 0 });
  delay.disable();
  expect(delay.max / 1e6).toBeLessThan(2_000);
});
