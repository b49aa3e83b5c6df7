import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  customType,
  date,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgEnum,
  real,
  smallint,
  text,
  timestamp,
  uuid,
  varchar,
} from "drizzle-orm/pg-core";
import { expect, test } from "vitest";
import { z } from "zod";
import type { MillraceError } from "../../../src/core/errors.ts";
import { json, pipelineTable } from "../../../src/table/pipeline-table.ts";
import { createRowEncoder } from "../../../src/table/encode/row-encoder.ts";
import { describeTable } from "../../../src/table/table-shape.ts";

const people = pipelineTable("people", {
  fullName: text().notNull(),
  nick: varchar({ length: 5 }),
  age: integer(),
  rank: smallint(),
  big: bigint({ mode: "number" }),
  score: doublePrecision(),
  rough: real(),
  price: numeric({ precision: 5, scale: 2 }),
  isActive: boolean(),
  born: date(),
  seenAt: timestamp(),
  token: uuid(),
  mood: pgEnum("mood", ["good", "bad"])(),
  kind: text({ enum: ["a", "b"] }),
  tags: text().array(),
  grid: integer().array().array(),
  data: jsonb().$type<unknown>(),
  address: json(z.object({ city: z.string(), lines: z.array(z.string()) })),
  bytes: customType<{ data: Buffer }>({ dataType: () => "bytea" })(),
  computed: integer().generatedAlwaysAs(sql`age + 1`),
});
const encoder = createRowEncoder(describeTable(people));
const secret = "Text of a document";

function failureOf(row: unknown): MillraceError {
  try {
    encoder.encode(row);
  } catch (error) {
    return error as MillraceError;
  }
  throw new Error("the row was taken");
}

const circular: Record<string, unknown> = {};
circular["self"] = circular;

test.each<[string, object, RegExp]>([
  ["a key that is nearly right", { fulName: secret }, /has no column "fulName"\. Did you mean "fullName"\?/],
  ["a key that is not there", { unrelated: secret }, /has no column "unrelated"/],
  ["a base column", { createdAt: new Date() }, /"createdAt" that Millrace fills itself/],
  ["a computed column", { computed: 1 }, /"computed" that the database fills itself/],
  ["a missing value", { fullName: undefined }, /"fullName" is missing/],
  ["a null", { fullName: null }, /"fullName" is null, and the column is NOT NULL/],
  ["a number for a text", { nick: 5 }, /"nick" must be a string, not a number/],
  ["a text that is too long", { nick: "abcdef" }, /"nick" is longer than its 5 characters/],
  ["a lone surrogate", { fullName: `${secret}\ud83d` }, /"fullName" contains half a character/],
  ["a lone surrogate in JSON", { data: { deep: ["\udc00"] } }, /"data" contains half a character/],
  ["a fraction", { age: 1.5 }, /"age" must be an integer/],
  ["a text for a number", { age: "12" }, /"age" must be an integer, not a string/],
  ["NaN for a whole number", { age: Number.NaN }, /"age" must be an integer/],
  ["a number that is too large", { rank: 40_000 }, /"rank" does not fit smallint/],
  ["an unsafe number", { big: 2 ** 60 }, /"big" is beyond 2\^53/],
  ["a float past real", { rough: 1e300 }, /"rough" does not fit real/],
  ["a text for a float", { score: "1.5" }, /"score" must be a number/],
  ["a decimal with too many digits", { price: "12345.00" }, /"price" does not fit numeric\(5, 2\)/],
  ["no decimal", { price: secret }, /"price" must be a decimal number/],
  ["a text for a boolean", { isActive: "true" }, /"isActive" must be true or false/],
  ["a day that is none", { born: "2026-02-30" }, /"born" must be a Date or a day in ISO 8601/],
  ["an invalid Date", { seenAt: new Date(secret) }, /"seenAt" is not a valid Date/],
  ["a time in words", { seenAt: "yesterday" }, /"seenAt" must be a Date or a time in ISO 8601/],
  ["no UUID", { token: secret }, /"token" must be a UUID/],
  ["a value outside an enum", { mood: secret }, /"mood" must be one of "good", "bad"/],
  ["a value outside a text enum", { kind: "c" }, /"kind" must be one of "a", "b"/],
  ["a text for an array", { tags: secret }, /"tags" must be an array/],
  ["a number in a text array", { tags: ["a", 1] }, /"tags" must be a string, not a number/],
  ["ragged arrays", { grid: [[1], [1, 2]] }, /"grid" has inner arrays of different lengths/],
  ["NaN in JSON", { data: { deep: [Number.NaN] } }, /"data" contains NaN or Infinity/],
  ["a function as JSON", { data: () => secret }, /"data" is a function/],
  ["JSON that holds itself", { data: circular }, /"data" cannot be written as JSON/],
  [
    "JSON that does not match its schema",
    { address: { city: "Bonn", lines: ["a", 2] } },
    /"address" does not match its schema at lines\.1/,
  ],
  ["an object for bytes", { bytes: true, fullName: 3 }, /"fullName" must be a string/],
])("refuses %s", (_what, row, message) => {
  const failure = failureOf({ fullName: "Ada", ...row });
  expect(failure.code).toBe("ROW_INVALID");
  expect(failure.message).toMatch(message);
  expect(failure.message).toContain('"people"');
  expect(failure.hint).toBeTruthy();
  expect(JSON.stringify(failure) + failure.message).not.toContain(secret);
});

test.each([
  ["a text", secret],
  ["a list", []],
  ["null", null],
  ["nothing", undefined],
])("refuses %s as a row", (_what, row) => {
  expect(failureOf(row).message).toMatch(/must be an object/);
});

test("keys that are undefined are like keys that are not there", () => {
  expect(encoder.encode({ fullName: "Ada", unknown: undefined, createdAt: undefined }).line).toBe(
    encoder.encode({ fullName: "Ada" }).line,
  );
});

test("a row keeps what it has when its class has methods", () => {
  class Person {
    fullName = "Ada";
    greet() {
      return this.fullName;
    }
  }
  expect(encoder.encode(new Person()).line).toBe(encoder.encode({ fullName: "Ada" }).line);
});
