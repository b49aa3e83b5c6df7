import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import {
  doublePrecision,
  integer,
  json,
  jsonb,
  numeric,
  primaryKey,
  serial,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import { beforeEach, describe, expect, test } from "vitest";
import {
  applyUnits,
  type ApplyUnitsOptions,
  deleteUnits,
  findConflicts,
  stageUnits,
  unstageUnits,
} from "../../../src/table/write/unit-batch.ts";
import { DuplicateKeyError } from "../../../src/table/write/duplicate-key-error.ts";
import type { RowCounts } from "../../../src/table/write/apply-stage.ts";
import { pipelineTable } from "../../../src/table/pipeline-table.ts";
import type { TableShape } from "../../../src/table/table-shape.ts";
import { createTable, inOneTransaction, stagedRows, useDatabase } from "../table-fixture.ts";

const database = useDatabase();

let nextTable = 0;
const sectionColumns = () => ({
  documentId: text().notNull(),
  section: integer().notNull(),
  content: text(),
  details: jsonb().$type<unknown>(),
  raw: json().$type<unknown>(),
});
async function createSections(): Promise<TableShape> {
  nextTable += 1;
  return createTable(
    database(),
    pipelineTable(`sections_${nextTable}`, sectionColumns(), (t) => [
      primaryKey({ columns: [t.documentId, t.section] }),
    ]),
  );
}

type Units = Readonly<Record<string, readonly object[]>>;
function write(shape: TableShape, units: Units, options: Partial<ApplyUnitsOptions> = {}): Promise<RowCounts> {
  return inOneTransaction(database(), async (client) => {
    await stageUnits(client, { shape, rows: stagedRows(shape, units) });
    return applyUnits(client, {
      shape,
      strategy: "replace",
      unitKeys: Object.keys(units),
      runId: randomUUID(),
      modelName: "m",
      ...options,
    });
  });
}
const read = (shape: TableShape, columns: string) =>
  database().query(
    `select ${columns} from "${shape.name}" order by ${columns
      .split(",")
      .slice(0, 2)
      .map((_, index) => index + 1)
      .join(", ")}`,
  );
const section = (documentId: string, number: number, content = `text ${number}`) => ({
  documentId,
  section: number,
  content,
  details: { n: number },
  raw: [number],
});

describe("replace", () => {
  let shape: TableShape;
  beforeEach(async () => void (shape = await createSections()));

  test("a document that shrinks from five sections to two leaves two rows", async () => {
    const five = [1, 2, 3, 4, 5].map((number) => section("a", number));
    expect(await write(shape, { a: five, b: [section("b", 1)] })).toEqual({
      rowsWritten: 6,
      rowsDeleted: 0,
      rowsUnchanged: 0,
    });
    expect(await write(shape, { a: five.slice(0, 2) })).toEqual({ rowsWritten: 0, rowsDeleted: 3, rowsUnchanged: 2 });
    expect(await read(shape, "document_id, section")).toEqual([
      { document_id: "a", section: 1 },
      { document_id: "a", section: 2 },
      { document_id: "b", section: 1 },
    ]);
    expect(await write(shape, { a: [] })).toEqual({ rowsWritten: 0, rowsDeleted: 2, rowsUnchanged: 0 });
  });

  test("equal rows are not touched, different ones get a new time and run", async () => {
    await write(shape, { a: [section("a", 1), section("a", 2)] }, { runId: "first" });
    const before = await read(shape, "section, updated_at, created_at, workflow_id, xmin::text");
    expect(await write(shape, { a: [section("a", 1), section("a", 2, "new")] }, { runId: "second" })).toEqual({
      rowsWritten: 1,
      rowsDeleted: 0,
      rowsUnchanged: 1,
    });
    const after = await read(shape, "section, updated_at, created_at, workflow_id, xmin::text");
    expect(after[0]).toEqual(before[0]);
    expect(after[1]).toMatchObject({ created_at: before[1]?.["created_at"], workflow_id: "second" });
    expect(after[1]?.["updated_at"]).not.toEqual(before[1]?.["updated_at"]);
  });

  test.each([
    ["content to null", { content: null }],
    ["jsonb", { details: { n: 1, more: true } }],
    ["json", { raw: ["1"] }],
    ["the author's note", { error: "half of it was illegible" }],
  ])("a change of %s is a change", async (_what, change) => {
    await write(shape, { a: [section("a", 1)] });
    expect(await write(shape, { a: [{ ...section("a", 1), ...change }] })).toMatchObject({ rowsWritten: 1 });
    expect(await write(shape, { a: [{ ...section("a", 1), ...change }] })).toMatchObject({ rowsUnchanged: 1 });
  });

  test("a row that moves between two units of a batch is updated", async () => {
    await write(shape, { a: [section("a", 1), section("a", 2)], b: [] });
    expect(await write(shape, { a: [section("a", 1)], b: [section("a", 2)] })).toEqual({
      rowsWritten: 1,
      rowsDeleted: 0,
      rowsUnchanged: 1,
    });
    expect(await read(shape, "section, source_key")).toEqual([
      { section: 1, source_key: "a" },
      { section: 2, source_key: "b" },
    ]);
  });

  test("a row of a unit outside the batch is a duplicate that names both units, and nothing is written", async () => {
    await write(shape, { a: [section("x", 1)] });
    const failure = await write(shape, { b: [section("x", 1), section("x", 2)] }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DuplicateKeyError);
    expect(failure).toMatchObject({
      code: "DUPLICATE_KEY",
      conflicts: [{ key: { documentId: "x", section: 1 }, units: ["b", "a"] }],
    });
    expect((failure as Error).message).toMatchInlineSnapshot(
      `"Table "${shape.name}": units "b", "a" all write the row {"section":1,"documentId":"x"}."`,
    );
    expect(await read(shape, "section, source_key")).toHaveLength(1);
  });

  test("a row that two units or one unit write is a duplicate", async () => {
    const row = section("x", 1);
    await expect(write(shape, { a: [row], b: [row] })).rejects.toMatchObject({ conflicts: [{ units: ["a", "b"] }] });
    await expect(write(shape, { a: [row, row] })).rejects.toMatchObject({ conflicts: [{ units: ["a"] }] });
  });

  test("units in conflict can be taken out and the others written", async () => {
    const counts = await inOneTransaction(database(), async (client) => {
      await stageUnits(client, {
        shape,
        rows: stagedRows(shape, { a: [section("x", 1)], b: [section("x", 1)], c: [section("c", 1)] }),
      });
      const batch = { shape, strategy: "replace", modelName: "m", runId: "r" } as const;
      const conflicts = await findConflicts(client, { ...batch, unitKeys: ["a", "b", "c"] });
      const losers = conflicts.flatMap((conflict) => conflict.units);
      await unstageUnits(client, { shape, unitKeys: losers });
      return applyUnits(client, { ...batch, unitKeys: ["c"], isChecked: true });
    });
    expect(counts).toEqual({ rowsWritten: 1, rowsDeleted: 0, rowsUnchanged: 0 });
    expect(await read(shape, "document_id, source_key")).toEqual([{ document_id: "c", source_key: "c" }]);
  });

  test("units that are not in the batch keep their rows", async () => {
    await write(shape, { a: [section("a", 1)] });
    await write(shape, { a: [section("z", 1)] }, { modelName: "another" });
    await write(shape, { b: [] });
    expect(await read(shape, "document_id, model_name")).toHaveLength(2);
  });

  test("a stage is empty after its transaction, committed or rolled back", async () => {
    await write(shape, { a: [section("a", 1)] });
    await expect(write(shape, { a: [section("a", 1), section("a", 1)] })).rejects.toThrow();
    expect(await write(shape, { b: [section("b", 1)] })).toEqual({ rowsWritten: 1, rowsDeleted: 0, rowsUnchanged: 0 });
  });

  test("unit keys may hold tabs, newlines and quotes", async () => {
    const key = "a\tb\nc'\\N";
    await write(shape, { [key]: [section("a", 1)] });
    expect(await read(shape, "source_key")).toEqual([{ source_key: key }]);
    expect(
      await inOneTransaction(database(), (client) => deleteUnits(client, { shape, modelName: "m", unitKeys: [key] })),
    ).toBe(1);
  });

  test("70,000 rows go in one write, and again as equal ones", async () => {
    // A table that the planner knows to be empty; it must not join as if it stayed so.
    await database().query(`vacuum analyze "${shape.name}"`);
    const rows = Array.from({ length: 70_000 }, (_, index) => section("big", index));
    expect(await write(shape, { big: rows })).toEqual({ rowsWritten: 70_000, rowsDeleted: 0, rowsUnchanged: 0 });
    expect(await write(shape, { big: rows })).toEqual({ rowsWritten: 0, rowsDeleted: 0, rowsUnchanged: 70_000 });
  });
});

test("values that are equal but not the same count as changed", async () => {
  const shape = await createTable(
    database(),
    pipelineTable("images", { id: text().primaryKey(), amount: numeric(), zero: doublePrecision() }),
  );
  await write(shape, { a: [{ id: "a", amount: "1.0", zero: 0 }] });
  expect(await write(shape, { a: [{ id: "a", amount: "1.00", zero: -0 }] })).toMatchObject({ rowsWritten: 1 });
  expect(await write(shape, { a: [{ id: "a", amount: "1.00", zero: -0 }] })).toMatchObject({ rowsUnchanged: 1 });
  expect(await read(shape, "amount::text, zero::text")).toEqual([{ amount: "1.00", zero: "-0" }]);
});

test("merge inserts and updates by primary key and deletes nothing", async () => {
  const shape = await createSections();
  const merge = { strategy: "merge" } as const;
  await write(shape, { a: [section("x", 1), section("x", 2)] }, merge);
  expect(await write(shape, { b: [section("x", 2, "new"), section("x", 3)] }, merge)).toEqual({
    rowsWritten: 2,
    rowsDeleted: 0,
    rowsUnchanged: 0,
  });
  expect(await write(shape, { c: [section("x", 1)] }, merge)).toEqual({
    rowsWritten: 0,
    rowsDeleted: 0,
    rowsUnchanged: 1,
  });
  expect(await read(shape, "section, content, source_key")).toEqual([
    { section: 1, content: "text 1", source_key: "a" },
    { section: 2, content: "new", source_key: "b" },
    { section: 3, content: "text 3", source_key: "b" },
  ]);
  await expect(write(shape, { a: [section("y", 1)], b: [section("y", 1)] }, merge)).rejects.toThrow(DuplicateKeyError);
});

test("append adds rows, and a retry of the same run replaces that run's rows", async () => {
  nextTable += 1;
  const shape = await createTable(database(), pipelineTable(`log_${nextTable}`, { line: text().notNull() }));
  const append = (runId: string, lines: string[]) =>
    write(shape, { a: lines.map((line) => ({ line })) }, { strategy: "append", runId });
  expect(await append("first", ["one", "two"])).toEqual({ rowsWritten: 2, rowsDeleted: 0, rowsUnchanged: 0 });
  await append("second", ["one"]);
  await append("second", ["one", "three"]);
  expect(await read(shape, "workflow_id, line")).toEqual([
    { workflow_id: "first", line: "one" },
    { workflow_id: "first", line: "two" },
    { workflow_id: "second", line: "one" },
    { workflow_id: "second", line: "three" },
  ]);
});

test("append of a key that an earlier run wrote is a duplicate; of the same run it is a retry", async () => {
  const shape = await createSections();
  const append = (runId: string) => write(shape, { a: [section("a", 1)] }, { strategy: "append", runId });
  await append("first");
  expect(await append("first")).toMatchObject({ rowsWritten: 1 });
  await expect(append("second")).rejects.toThrow(DuplicateKeyError);
});

test("without a primary key a unit's rows are a bag: equal ones stay, different ones are written anew", async () => {
  const shape = await createTable(
    database(),
    pipelineTable("bag", { word: text(), extra: json().$type<unknown>(), id: serial() }),
  );
  const words = (...list: (string | null)[]) => list.map((word) => ({ word, extra: [1] }));
  await write(shape, { a: words("x", "x", null), b: words("y") });
  const before = await read(shape, "word, id");
  expect(await write(shape, { a: words("x", null, "x"), b: words("z") })).toEqual({
    rowsWritten: 1,
    rowsDeleted: 1,
    rowsUnchanged: 3,
  });
  expect((await read(shape, "word, id")).filter((row) => row["word"] !== "z")).toEqual(
    before.filter((row) => row["word"] !== "y"),
  );
  expect(await write(shape, { a: words("x") })).toEqual({ rowsWritten: 1, rowsDeleted: 3, rowsUnchanged: 0 });
});

test("rows whose key the database makes up are not written anew when they are equal", async () => {
  const shape = await createTable(
    database(),
    pipelineTable("made_up", {
      id: uuid()
        .primaryKey()
        .default(sql`gen_random_uuid()`),
      word: text(),
    }),
  );
  await write(shape, { a: [{ word: "x" }, { word: "y" }] });
  const before = await read(shape, "id");
  expect(await write(shape, { a: [{ word: "y" }, { word: "x" }] })).toEqual({
    rowsWritten: 0,
    rowsDeleted: 0,
    rowsUnchanged: 2,
  });
  expect(await read(shape, "id")).toEqual(before);
});

test("the database's defaults fill new rows and stay on old ones; a given null stays null", async () => {
  const shape = await createTable(
    database(),
    pipelineTable("defaults", {
      id: text().primaryKey(),
      literal: integer().default(7),
      counter: serial(),
      seenAt: timestamp({ mode: "string" }).default(sql`'2020-01-01'::timestamp`),
      token: uuid()
        .notNull()
        .default(sql`gen_random_uuid()`),
      later: text().$defaultFn(() => "made in code"),
      long: integer().generatedAlwaysAs(sql`length(id)`),
    }),
  );
  await write(shape, { a: [{ id: "new" }, { id: "null", seenAt: null, literal: null }] });
  const columns = "id, literal, counter, seen_at, token, later, long";
  const before = await read(shape, columns);
  expect(before).toMatchObject([
    { id: "new", literal: 7, counter: 1, seen_at: "2020-01-01 00:00:00", later: "made in code", long: 3 },
    { id: "null", literal: null, counter: 2, seen_at: null },
  ]);
  expect(await write(shape, { a: [{ id: "new" }, { id: "null", seenAt: null, literal: null }] })).toMatchObject({
    rowsUnchanged: 2,
  });
  await write(shape, {
    a: [
      { id: "new", later: "changed" },
      { id: "null", literal: null },
    ],
  });
  expect(await read(shape, columns)).toEqual([{ ...before[0], later: "changed" }, before[1]]);
});

test("tables with names of 63 characters work", async () => {
  const name = `t_${"long_".repeat(13)}`.slice(0, 63);
  const shape = await createTable(database(), pipelineTable(name, { id: text().primaryKey() }));
  expect(await write(shape, { a: [{ id: "1" }] })).toMatchObject({ rowsWritten: 1 });
});
