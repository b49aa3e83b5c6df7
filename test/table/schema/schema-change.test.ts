import { sql } from "drizzle-orm";
import {
  bigint,
  bigserial,
  boolean,
  char,
  check,
  customType,
  date,
  doublePrecision,
  foreignKey,
  index,
  integer,
  json,
  jsonb,
  numeric,
  pgEnum,
  primaryKey,
  real,
  serial,
  smallint,
  text,
  time,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
import { describe, expect, test } from "vitest";
import { normalizeType } from "../../../src/table/schema/column-type.ts";
import { type Columns, pipelineTable } from "../../../src/table/pipeline-table.ts";
import { applySchemaChanges, planSchemaChanges, type SchemaPlan } from "../../../src/table/schema/schema-change.ts";
import { describeTable } from "../../../src/table/table-shape.ts";
import { createTable, useDatabase } from "../table-fixture.ts";

const database = useDatabase();
const nothing: SchemaPlan = { statements: [], created: [], altered: [], blocked: [] };

const mood = pgEnum('Mood of "it"', ["good", "it's bad"]);
const long = `long_${"name_".repeat(11)}`.slice(0, 60);
const everything = describeTable(
  pipelineTable(
    "everything",
    {
      id: serial().primaryKey(),
      bigId: bigserial({ mode: "bigint" }),
      identity: integer().generatedAlwaysAsIdentity(),
      short: varchar({ length: 255 }).unique(),
      anyLength: varchar(),
      letter: char(),
      letters: char({ length: 3 }),
      small: smallint().default(3),
      big: bigint({ mode: "number" }),
      price: numeric({ precision: 10, scale: 2 }).default("1.50"),
      digits: numeric({ precision: 10 }),
      number: numeric(),
      single: real(),
      double: doublePrecision().notNull().default(0.5),
      flag: boolean().notNull().default(true),
      data: jsonb().$type<unknown>().default({ a: "it's" }),
      plain: json().$type<unknown>(),
      day: date(),
      clock: time({ precision: 3 }),
      zonedClock: time({ withTimezone: true }),
      moment: timestamp({ withTimezone: true, precision: 3 }),
      local: timestamp()
        .notNull()
        .default(sql`now()`),
      token: uuid().default(sql`gen_random_uuid()`),
      tags: text().array().notNull().default([]),
      grid: integer().array(2).array(),
      codes: varchar({ length: 9 }).array(),
      mood: mood(),
      moods: mood().array(),
      bytes: customType<{ data: Buffer }>({ dataType: () => "bytea" })(),
      length: integer().generatedAlwaysAs(sql`length(short)`),
      'Odd "name"': text(),
    },
    (t) => [
      index().on(t.small, t.big.desc()),
      index("by_upper")
        .on(sql`upper(${t.short})`)
        .where(sql`${t.flag}`),
      uniqueIndex().on(t.token),
      unique().on(t.small, t.big).nullsNotDistinct(),
      check("price_is_positive", sql`${t.price} > 0`),
      index("by_data").using("gin", t.data),
    ],
  ),
);
const child = describeTable(
  pipelineTable(long, { a: text(), b: text(), parent: integer() }, (t) => [
    primaryKey({ columns: [t.a, t.b] }),
    index().on(t.a, t.parent),
    index().on(t.b, t.parent),
    foreignKey({ columns: [t.parent], foreignColumns: [everything.table["id" as never]] }),
  ]),
);

test("creates tables with everything that belongs to them; a second plan is empty", async () => {
  const made = await applySchemaChanges(database(), [child, everything]);
  expect(made.blocked).toEqual([]);
  expect(made.statements.length).toBeGreaterThan(8);
  expect(await planSchemaChanges(database(), [child, everything])).toEqual(nothing);
  expect(await applySchemaChanges(database(), [child, everything])).toEqual(nothing);
});

test("processes that create the same tables at once do not fail", async () => {
  const shape = describeTable(pipelineTable("raced", { id: text().primaryKey(), mood: pgEnum("raced_mood", ["a"])() }));
  const made = await Promise.all([1, 2, 3, 4].map(() => applySchemaChanges(database(), [shape])));
  expect(made.filter((changes) => changes.statements.length > 0)).toHaveLength(1);
});

let nextTable = 0;
/** The plan that leads from one declaration to another. */
async function planFrom(
  before: Columns,
  after: Columns,
  extra?: Parameters<typeof pipelineTable>[2],
): Promise<Pick<SchemaPlan, "statements" | "blocked"> & { afterwards: SchemaPlan }> {
  nextTable += 1;
  await createTable(database(), pipelineTable(`change_${nextTable}`, before));
  const shape = describeTable(pipelineTable(`change_${nextTable}`, after, extra));
  const changes = await planSchemaChanges(database(), [shape]);
  await applySchemaChanges(database(), [shape], { includeBlocked: true });
  const clean = (text: string) => text.replaceAll(`change_${nextTable}`, "t");
  return {
    statements: changes.statements.map(clean),
    blocked: changes.blocked.map((change) => ({
      ...change,
      table: clean(change.table),
      reason: clean(change.reason),
      sql: clean(change.sql),
    })),
    afterwards: await planSchemaChanges(database(), [shape]),
  };
}
const id = () => text().primaryKey();

describe("safe changes are made", () => {
  test.each<[string, Columns, Columns, string[]]>([
    ["a new nullable column", { id: id() }, { id: id(), word: text() }, ['alter table "t" add column "word" text']],
    [
      "a new column with a default",
      { id: id() },
      { id: id(), count: integer().notNull().default(0) },
      ['alter table "t" add column "count" integer default 0 not null'],
    ],
    [
      "NOT NULL dropped",
      { id: id(), word: text().notNull() },
      { id: id(), word: text() },
      ['alter table "t" alter column "word" drop not null'],
    ],
    [
      "int4 to int8",
      { id: id(), n: integer() },
      { id: id(), n: bigint({ mode: "number" }) },
      ['alter table "t" alter column "n" type bigint'],
    ],
    [
      "varchar to text",
      { id: id(), n: varchar({ length: 9 }) },
      { id: id(), n: text() },
      ['alter table "t" alter column "n" type text'],
    ],
    [
      "varchar made longer",
      { id: id(), n: varchar({ length: 9 }) },
      { id: id(), n: varchar({ length: 10 }) },
      ['alter table "t" alter column "n" type character varying(10)'],
    ],
    ["a nullable column that vanished", { id: id(), word: text() }, { id: id() }, []],
    ["a defaulted column that vanished", { id: id(), word: text().notNull().default("") }, { id: id() }, []],
  ])("%s", async (_what, before, after, statements) => {
    expect(await planFrom(before, after)).toEqual({ statements, blocked: [], afterwards: nothing });
  });

  test("a new index", async () => {
    const changes = await planFrom({ id: id(), word: text() }, { id: id(), word: text() }, (t) => [
      index().on(t["word"] as never),
    ]);
    expect(changes).toEqual({
      statements: ['create index "t_word_index" on "t" ("word")'],
      blocked: [],
      afterwards: nothing,
    });
  });
});

describe("changes that could lose data or fail are blocked, with their SQL", () => {
  test.each<[string, Columns, Columns, { column?: string; reason: string; sql: string }]>([
    [
      "a new NOT NULL column without a default",
      { id: id() },
      { id: id(), word: text().notNull() },
      {
        column: "word",
        reason: "a new column is NOT NULL without a default, and rows that exist have no value for it",
        sql: 'alter table "t" add column "word" text not null',
      },
    ],
    [
      "a column that becomes NOT NULL",
      { id: id(), word: text() },
      { id: id(), word: text().notNull() },
      {
        column: "word",
        reason: "the column becomes NOT NULL, and rows that exist may hold null",
        sql: 'alter table "t" alter column "word" set not null',
      },
    ],
    [
      "a changed type",
      { id: id(), word: text() },
      { id: id(), word: integer() },
      {
        column: "word",
        reason: "the type changes from text to integer",
        sql: 'alter table "t" alter column "word" type integer using "word"::integer',
      },
    ],
    [
      "a narrowed type",
      { id: id(), n: bigint({ mode: "number" }) },
      { id: id(), n: integer() },
      {
        column: "n",
        reason: "the type changes from bigint to integer",
        sql: 'alter table "t" alter column "n" type integer using "n"::integer',
      },
    ],
    [
      "a vanished column that inserts would need",
      { id: id(), word: text().notNull() },
      { id: id() },
      {
        column: "word",
        reason: "the column is no longer declared, and NOT NULL without a default, so that no row could be inserted",
        sql: 'alter table "t" alter column "word" drop not null',
      },
    ],
    [
      "another primary key",
      { id: id(), word: text().notNull() },
      { id: text().notNull(), word: text().primaryKey() },
      {
        reason: "the primary key changes from (id) to (word)",
        sql: 'alter table "t" drop constraint "t_pkey", add primary key ("word")',
      },
    ],
    [
      "a new unique column",
      { id: id(), word: text() },
      { id: id(), word: text().unique() },
      {
        reason: 'rows that exist may not meet the new unique "t_word_unique"',
        sql: 'alter table "t" add constraint "t_word_unique" unique ("word")',
      },
    ],
  ])("%s", async (_what, before, after, change) => {
    expect(await planFrom(before, after)).toEqual({
      statements: [],
      blocked: [{ table: "t", ...change }],
      afterwards: nothing,
    });
  });

  test("a table that someone else made", async () => {
    await database().query("create table theirs (id text primary key)");
    const shape = describeTable(pipelineTable("theirs", { id: id() }));
    const changes = await planSchemaChanges(database(), [shape]);
    expect(changes.statements).toEqual([]);
    expect(changes.blocked[0]?.reason).toBe("the table was not made by Millrace: it lacks base columns");
    await expect(applySchemaChanges(database(), [shape])).rejects.toMatchObject({ code: "SCHEMA_CHANGE" });
    await applySchemaChanges(database(), [shape], { includeBlocked: true });
    expect(await planSchemaChanges(database(), [shape])).toEqual(nothing);
  });

  test("a view of the same name", async () => {
    await database().query("create view seen as select 1 as id");
    const changes = await planSchemaChanges(database(), [describeTable(pipelineTable("seen", { id: id() }))]);
    expect(changes).toMatchObject({
      statements: [],
      blocked: [{ reason: "a view has this name", sql: 'drop view "seen"' }],
    });
  });

  test("a new value of an enum", async () => {
    const declare = (values: [string, ...string[]]) =>
      describeTable(pipelineTable("colored", { id: id(), color: pgEnum("color", values)() }));
    await applySchemaChanges(database(), [declare(["red"])]);
    const changes = await planSchemaChanges(database(), [declare(["red", "green"])]);
    expect(changes).toMatchObject({
      statements: [],
      blocked: [{ table: "color", reason: "the enum gets a new value", sql: `alter type "color" add value 'green'` }],
    });
  });
});

test("nothing is changed when one change is blocked", async () => {
  await createTable(database(), pipelineTable("half", { id: id(), n: text() }));
  const shapes = [
    describeTable(pipelineTable("half", { id: id(), n: integer(), more: text() })),
    describeTable(pipelineTable("other_half", { id: id() })),
  ];
  await expect(applySchemaChanges(database(), shapes)).rejects.toThrow(
    'alter table "half" alter column "n" type integer using "n"::integer;',
  );
  expect(await database().query("select to_regclass('other_half') as other")).toEqual([{ other: null }]);
});

test("types are compared as Postgres spells them", async () => {
  const spellings = [
    "varchar(255)",
    "varchar",
    "char",
    "char(3)",
    "timestamp",
    "timestamp (3) with time zone",
    "timestamp(3)",
    "timestamptz",
    "time",
    "time(3) with time zone",
    "numeric(10, 2)",
    "numeric(10)",
    "decimal",
    "int",
    "int8",
    "float8",
    "double precision",
    "bool",
    "text[]",
    "varchar(9)[3]",
    "integer[][]",
    "bit(3)",
    "bit varying(5)",
    "interval",
    "uuid",
    "jsonb",
    "bytea",
    "inet",
    "real",
  ];
  await database().query(
    `create table spelled (${spellings.map((type, position) => `c${position} ${type}`).join(", ")})`,
  );
  const types = await database().query<{ type: string }>(
    "select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'spelled'::regclass and attnum > 0 order by attnum",
  );
  expect(spellings.map(normalizeType)).toEqual(types.map((row) => row.type));
  expect(types.map((row) => normalizeType(row.type))).toEqual(types.map((row) => row.type));
});
