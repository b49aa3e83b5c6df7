import { integer, primaryKey, serial, text } from "drizzle-orm/pg-core";
import { beforeEach, expect, test } from "vitest";
import type { DatabaseClient } from "../../../src/database/connect.ts";
import { copyUnits, type CopyUnitsOptions } from "../../../src/table/write/copy-units.ts";
import { pipelineTable } from "../../../src/table/pipeline-table.ts";
import type { TableShape } from "../../../src/table/table-shape.ts";
import { createTable, inOneTransaction, stagedRows, useDatabase } from "../table-fixture.ts";

const database = useDatabase();

let shape: TableShape;
let nextTable = 0;
beforeEach(async () => {
  nextTable += 1;
  const columns = { documentId: text().notNull(), section: integer().notNull(), content: text() };
  shape = await createTable(
    database(),
    pipelineTable(`copied_${nextTable}`, columns, (t) => [primaryKey({ columns: [t.documentId, t.section] })]),
  );
});

type Units = Readonly<Record<string, readonly object[]>>;
const given = (units: Units, options: Partial<CopyUnitsOptions> = {}): CopyUnitsOptions => ({
  shape,
  strategy: "replace",
  rows: stagedRows(options.shape ?? shape, units),
  unitKeys: Object.keys(units),
  runId: "run",
  modelName: "m",
  ...options,
});
const copy = (units: Units, options: Partial<CopyUnitsOptions> = {}) =>
  inOneTransaction(database(), (client) => copyUnits(client, given(units, options)));
const section = (documentId: string, number: number) => ({ documentId, section: number, content: `${number}\t\\` });
const read = (columns: string) => database().query(`select ${columns} from ${shape.name} order by 1`);

test("units that are new to the table are written as they are, with their run, model and unit", async () => {
  expect(await copy({ "a\t": [section("a", 1), section("a", 2)], none: [] })).toEqual({
    rowsWritten: 2,
    rowsDeleted: 0,
    rowsUnchanged: 0,
  });
  expect(await read("section, content, source_key, model_name, workflow_id, created_at is not null as dated")).toEqual([
    { section: 1, content: "1\t\\", source_key: "a\t", model_name: "m", workflow_id: "run", dated: true },
    { section: 2, content: "2\t\\", source_key: "a\t", model_name: "m", workflow_id: "run", dated: true },
  ]);
});

test("a unit that has rows is left to the stage, which compares them", async () => {
  await copy({ a: [section("a", 1)] });
  expect(await copy({ a: [section("a", 1)], b: [section("b", 1)] })).toBeUndefined();
  expect(await read("document_id")).toEqual([{ document_id: "a" }]);
});

test("a key that another unit wrote, or one unit twice, writes nothing and leaves the transaction usable", async () => {
  await copy({ a: [section("a", 1)] });
  const tryCopy = async (client: DatabaseClient, units: Units) => {
    expect(await copyUnits(client, given(units))).toBeUndefined();
    await client.query("select 1");
  };
  await inOneTransaction(database(), async (client) => {
    await tryCopy(client, { b: [section("b", 1), section("a", 1)] });
    await tryCopy(client, { c: [section("c", 1), section("c", 1)] });
    expect(await copyUnits(client, given({ d: [section("d", 1)] }))).toMatchObject({ rowsWritten: 1 });
  });
  expect(await read("document_id")).toEqual([{ document_id: "a" }, { document_id: "d" }]);
});

test("what the table refuses for another reason is an error", async () => {
  await database().query(`alter table ${shape.name} add check (section > 0)`);
  await expect(copy({ a: [section("a", 0)] })).rejects.toThrow(/violates check constraint/);
});

test("append of the same run starts over, of another run it adds", async () => {
  const log = await createTable(database(), pipelineTable(`log_${nextTable}`, { line: text().notNull() }));
  const append = (runId: string, ...lines: string[]) =>
    copy({ a: lines.map((line) => ({ line })) }, { shape: log, strategy: "append", runId });
  await append("first", "one", "two");
  await append("second", "one");
  await append("second", "three");
  expect(await database().query(`select workflow_id, line from ${log.name} order by 1, 2`)).toEqual([
    { workflow_id: "first", line: "one" },
    { workflow_id: "first", line: "two" },
    { workflow_id: "second", line: "three" },
  ]);
});

test("rows to be merged, and columns that the database fills, need the stage", async () => {
  expect(await copy({ a: [section("a", 1)] }, { strategy: "merge" })).toBeUndefined();
  const numbered = await createTable(
    database(),
    pipelineTable(`numbered_${nextTable}`, { id: serial(), word: text() }),
  );
  expect(await copy({ a: [{ word: "x" }] }, { shape: numbered })).toBeUndefined();
});
