import { inspect } from "node:util";
import {
  bigint,
  bigserial,
  boolean,
  char,
  customType,
  date,
  doublePrecision,
  integer,
  json,
  jsonb,
  numeric,
  pgEnum,
  real,
  smallint,
  text,
  time,
  timestamp,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
import { beforeAll, expect, test } from "vitest";
import { copyLines } from "../../src/database/bulk-write.ts";
import { createRowDecoder } from "../../src/table/read/decode-row.ts";
import { pipelineTable } from "../../src/table/pipeline-table.ts";
import { createRowEncoder } from "../../src/table/encode/row-encoder.ts";
import { describeTable } from "../../src/table/table-shape.ts";
import { lineColumns } from "../../src/table/encode/written-columns.ts";
import { createTable, useDatabase } from "./table-fixture.ts";

const database = useDatabase();
const bytea = customType<{ data: Buffer }>({ dataType: () => "bytea" });
const mood = pgEnum("round_trip_mood", ["good", 'it\'s "bad"']);

const values = pipelineTable("round_trip", {
  id: integer().primaryKey(),
  words: text(),
  short: varchar({ length: 5 }),
  letters: char({ length: 2 }),
  small: smallint(),
  whole: integer(),
  big: bigint({ mode: "bigint" }),
  bigNumber: bigint({ mode: "number" }),
  float: doublePrecision(),
  single: real(),
  decimal: numeric(),
  money: numeric({ precision: 10, scale: 2 }),
  flag: boolean(),
  document: jsonb().$type<unknown>(),
  plain: json().$type<unknown>(),
  moment: timestamp({ withTimezone: true }),
  localMoment: timestamp(),
  microseconds: timestamp({ withTimezone: true, mode: "string" }),
  day: date(),
  dayDate: date({ mode: "date" }),
  clock: time(),
  unique: uuid(),
  bytes: bytea(),
  feeling: mood(),
  tags: text().array(),
  floats: doublePrecision().array(),
  bigs: bigint({ mode: "bigint" }).array(),
  moments: timestamp({ withTimezone: true }).array(),
  grid: integer().array().array(),
  documents: jsonb().$type<unknown>().array(),
  feelings: mood().array(),
  counter: bigserial({ mode: "bigint" }),
});

let nextId = 0;
beforeAll(async () => {
  await database().query("create type round_trip_mood as enum ('good', 'it''s \"bad\"')");
  await createTable(database(), values);
});

async function roundTrip(key: string, value: unknown): Promise<unknown> {
  const shape = describeTable(values);
  nextId += 1;
  const { line } = createRowEncoder(shape).encode({ id: nextId, counter: 7n, [key]: value });
  const client = await database().connect();
  try {
    await copyLines(client, { into: "round_trip", columns: lineColumns(shape), lines: [line] });
    const columns = shape.columns.filter((column) => column.key === key);
    const { rows } = await client.query<unknown[]>({
      text: `select "${columns[0]?.name}" from round_trip where id = $1`,
      values: [nextId],
      rowMode: "array",
    });
    return createRowDecoder(columns)(rows[0] ?? [], [])[key];
  } finally {
    client.release();
  }
}

const utc = (iso: string) => new Date(iso);

const kept: readonly (readonly [key: string, value: unknown])[] = [
  ["words", ""],
  ["words", "NULL"],
  ["words", "\\N"],
  ["words", "\\."],
  ["words", "tab\tnewline\nreturn\rbackslash\\ quote\" ' end\\"],
  ["words", "emoji 👩‍👩‍👧 and 漢字, ü\u2028\u0001\u001f\u007f"],
  ["words", null],
  ["short", "👍👍👍👍👍"],
  ["letters", "ab"],
  ["small", -32_768],
  ["whole", 2_147_483_647],
  ["big", 9_223_372_036_854_775_807n],
  ["big", -9_223_372_036_854_775_808n],
  ["bigNumber", Number.MAX_SAFE_INTEGER],
  ["float", Number.NaN],
  ["float", Number.POSITIVE_INFINITY],
  ["float", Number.NEGATIVE_INFINITY],
  ["float", -0],
  ["float", 5e-324],
  ["float", 0.1 + 0.2],
  ["single", 1.5],
  ["decimal", "123456789012345678901234567890.123456789"],
  ["decimal", "NaN"],
  ["money", "-12345678.90"],
  ["flag", true],
  ["flag", false],
  ["document", { a: [1, null, { b: 'tab\t\n\\ "quote" \u2028 👍' }], empty: {} }],
  ["document", "a scalar string"],
  ["document", "12"],
  ["document", ""],
  ["document", 12.5],
  ["document", false],
  ["document", [1, "two", [3]]],
  ["document", []],
  ["document", null],
  ["document", { text: "\\u0000 is spelled, not meant" }],
  ["plain", { z: 1, a: "keeps order" }],
  ["moment", utc("2026-01-31T23:59:59.123Z")],
  ["moment", utc("+012026-01-31T00:00:00.000Z")],
  ["moment", utc("-000043-03-15T12:00:00.001Z")],
  ["moment", utc("0000-12-31T00:00:00.000Z")],
  ["moment", utc("0044-03-15T00:00:00.000Z")],
  ["localMoment", utc("2026-06-30T12:34:56.789Z")],
  ["microseconds", "2026-01-31 10:00:00.123456+00"],
  ["microseconds", "infinity"],
  ["day", "2024-02-29"],
  ["dayDate", utc("-000043-03-15T00:00:00.000Z")],
  ["dayDate", utc("+010000-01-01T00:00:00.000Z")],
  ["clock", "23:59:59.999999"],
  ["unique", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
  ["bytes", Buffer.from([0, 1, 92, 255, 10, 9])],
  ["bytes", Buffer.alloc(0)],
  ["feeling", 'it\'s "bad"'],
  ["tags", []],
  ["tags", ["", "NULL", null, "null", "a,b", "{}", 'quo"te', "back\\slash", "tab\tnew\nline", " space ", "👍", "\\N"]],
  ["floats", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-300, null]],
  ["bigs", [9_223_372_036_854_775_807n, null, -1n]],
  ["moments", [utc("2026-01-31T10:00:00.000Z"), null, utc("-000043-03-15T12:00:00.001Z")]],
  [
    "grid",
    [
      [1, 2],
      [3, null],
    ],
  ],
  ["documents", [{ a: 'quo"te' }, "scalar", 1]],
  ["feelings", ["good", 'it\'s "bad"', null]],
];

const titled = kept.map(
  ([key, value]) => [`${key} keeps ${inspect(value, { breakLength: Infinity }).slice(0, 60)}`, key, value] as const,
);
test.each(titled)("%s", async (_title, key, value) => {
  expect(await roundTrip(key, value)).toEqual(value);
});

test("a bigint inside jsonb becomes a number with all its digits", async () => {
  await roundTrip("document", { big: 12_345_678_901_234_567_890n, list: [1n], text: "5n" });
  const [row] = await database().query("select document::text from round_trip where id = $1", [nextId]);
  expect(row).toEqual({ document: '{"big": 12345678901234567890, "list": [1], "text": "5n"}' });
});

test("a Date in a day column is its day in UTC", async () => {
  expect(await roundTrip("day", utc("2026-01-31T23:59:59.000Z"))).toBe("2026-01-31");
});

test("U+0000 is removed from text, JSON and arrays, and counted", async () => {
  const encoder = createRowEncoder(describeTable(values));
  const row = { id: 1, counter: 1n, words: "a\0b\0", document: { "k\0": ["\0x", "\\\\u0000", "\\\0"] }, tags: ["\0"] };
  expect(encoder.encode(row).nulCharacters).toBe(6);
  expect(encoder.encode({ id: 1, words: "clean" }).nulCharacters).toBe(0);
  expect(await roundTrip("words", "a\0b")).toBe("ab");
  expect(await roundTrip("document", { "k\0": ["\0x", "\\u0000", "\\\0"] })).toEqual({ k: ["x", "\\u0000", "\\"] });
});

test("a text of 10 MB arrives whole", async () => {
  const long = "0123456789\n".repeat(1_000_000);
  expect(await roundTrip("words", long)).toBe(long);
});
