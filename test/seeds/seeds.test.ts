import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defineSeed, defineSqlModel, notNull, ref } from "millrace";
import {
  bigint,
  boolean,
  date,
  integer,
  json,
  numeric,
  pipelineTable,
  primaryKey,
  sql,
  text,
  timestamp,
} from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { z } from "zod";

const people = defineSeed({
  name: "raw.people",
  file: "seeds/people.csv",
  table: pipelineTable("raw_people", { id: integer().primaryKey(), firstName: text(), country: text().default("fr") }),
});
const count = defineSqlModel({
  name: "shop.count",
  table: pipelineTable("people_count", { people: integer().notNull() }),
  materialized: "table",
  sources: { people: ref(people) },
  sql: ({ people }) => sql`select count(${people.id})::int as people from ${people}`,
});

async function openSeeds(models: Parameters<typeof createTestProject>[0]["models"], files: Record<string, string>) {
  const project = await createTestProject({ models });
  const write = async (name: string, content: string | Uint8Array) => {
    await mkdir(join(project.directory, "seeds"), { recursive: true });
    await writeFile(join(project.directory, "seeds", name), content);
  };
  for (const [name, content] of Object.entries(files)) await write(name, content);
  return { ...project, write };
}

test("a seed is loaded as a model that others read; an unchanged file is not read again", async () => {
  await using project = await openSeeds([people, count], { "people.csv": "id,first_name\n1,Ada\n2,Bob\n" });
  const first = await project.project.runPipeline();
  expect(first.errors).toEqual({});
  expect(first.models["raw.people"]?.rowsWritten).toBe(2);
  expect(await project.query("select people from people_count")).toEqual([{ people: 2 }]);
  const second = await project.project.runPipeline();
  expect(second.models["raw.people"]).toMatchObject({ rowsWritten: 0, rowsUnchanged: 0 });
  expect((await project.project.plan()).models.map(({ work }) => work)).toEqual([0, 0]);
});

test("an edited line changes its row and no other; a line that is gone takes its row along", async () => {
  await using project = await openSeeds([people], { "people.csv": "id,first_name\n1,Ada\n2,Bob\n3,Cid\n" });
  await project.project.runPipeline();
  const before = await project.query("select id, updated_at from raw_people order by 1");
  await project.write("people.csv", "id,first_name\n1,Ada\n2,Bill\n");
  const [plan] = (await project.project.plan()).models;
  expect(plan?.units).toEqual({ changed: 1 });
  const result = await project.project.runPipeline();
  expect(result.models["raw.people"]).toMatchObject({ rowsWritten: 1, rowsUnchanged: 1, rowsDeleted: 1 });
  const after = await project.query("select id, first_name, updated_at from raw_people order by 1");
  expect(after.map((row) => row["first_name"])).toEqual(["Ada", "Bill"]);
  expect(after[0]?.["updated_at"]).toEqual(before[0]?.["updated_at"]);
});

test("fields become values of the declared types; an empty one is null, a quoted one is empty text", async () => {
  const typed = defineSeed({
    name: "raw.typed",
    file: "seeds/typed.csv",
    delimiter: ";",
    table: pipelineTable(
      "raw_typed",
      {
        id: bigint({ mode: "bigint" }).notNull(),
        day: date(),
        price: numeric(),
        isOpen: boolean(),
        at: timestamp({ withTimezone: true }),
        data: json(z.object({ a: z.number() })),
        note: text(),
        kind: text().notNull().default("plain"),
      },
      (t) => [primaryKey({ columns: [t.id] })],
    ),
  });
  const csv = [
    "\uFEFFid;day;price;isOpen;at;data;note;kind",
    '9007199254740993;2024-02-29;1.50;yes;2024-01-01 12:00;"{""a"": 1}";"two;\nlines, ""quoted""";x',
    '2;;;;;;"";',
    "",
  ].join("\r\n");
  await using project = await openSeeds([typed], { "typed.csv": csv });
  expect((await project.project.runPipeline()).errors).toEqual({});
  expect(
    await project.query(
      "select id::text, day::text, price::text, is_open, at::text, data, note, kind from raw_typed order by note desc",
    ),
  ).toEqual([
    {
      id: "9007199254740993",
      day: "2024-02-29",
      price: "1.50",
      is_open: true,
      at: "2024-01-01 12:00:00+00",
      data: { a: 1 },
      note: 'two;\nlines, "quoted"',
      kind: "x",
    },
    { id: "2", day: null, price: null, is_open: null, at: null, data: null, note: "", kind: "plain" },
  ]);
});

test("a column that fills itself may be left out", async () => {
  const table = pipelineTable("raw_numbered", {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    name: text().notNull(),
    stock: integer().notNull().default(0),
    code: text()
      .notNull()
      .$defaultFn(() => "made"),
  });
  await using project = await openSeeds([defineSeed({ name: "raw.numbered", file: "seeds/numbered.csv", table })], {
    "numbered.csv": "name\nAda\n",
  });
  expect((await project.project.runPipeline()).errors).toEqual({});
  expect(await project.query("select id, name, stock, code from raw_numbered")).toEqual([
    { id: 1, name: "Ada", stock: 0, code: "made" },
  ]);
});

test("JSONL and tab-separated files are read too", async () => {
  const table = (name: string) => pipelineTable(name, { id: integer().primaryKey(), firstName: text() });
  const models = [
    defineSeed({ name: "raw.lines", file: "seeds/lines.jsonl", table: table("raw_lines") }),
    defineSeed({ name: "raw.tabs", file: "seeds/tabs.tsv", table: table("raw_tabs") }),
  ];
  await using project = await openSeeds(models, {
    "lines.jsonl": '{"id": 1, "firstName": "Ada"}\n\n{"id": 2, "first_name": null}\n',
    "tabs.tsv": "id\tfirst_name\n1\tAda, Countess\n",
  });
  expect((await project.project.runPipeline()).errors).toEqual({});
  expect(await project.query("select id, first_name from raw_lines order by 1")).toEqual([
    { id: 1, first_name: "Ada" },
    { id: 2, first_name: null },
  ]);
  expect(await project.query("select first_name from raw_tabs")).toEqual([{ first_name: "Ada, Countess" }]);
});

test.each([
  ["a field without a column", "id,first_nam\n1,Ada\n", /line 1: has a field "first_nam".*Did you mean "first_name"/],
  ["a wrong type", "id,first_name\n1,Ada\nx,Bob\n", /people\.csv, line 3: field "id" is not a number/],
  ["a missing key", "id,first_name\n,Ada\n", /line 2: has no value for "id"/],
  ["one name twice", "id,first_name,first_name\n1,a,b\n", /line 1: has two fields for "first_name"/],
  [
    "one column by name and key",
    "id,first_name,firstName\n1,a,b\n",
    /has two fields for "first_name": "first_name", "firstName"/,
  ],
  ["a value below no name", "id,first_name,,\n1,a,,b\n", /line 2: has a value in column 4, which has no name/],
  ["too many fields", "id,first_name\n1,a,b\n", /line 2: does not have as many fields as the header/],
  ["a file of 0 bytes", "", /is empty: it has no header/],
  ["a header alone", "id,first_name\n", /has a header and no rows/],
  ["a wrong header alone", "id,name\n", /line 1: has a field "name"/],
  ["too few fields", "id,first_name\n1\n", /line 2: does not have as many fields as the header/],
  ["an open quote", 'id,first_name\n1,"Ada\n', /a quote is not closed/],
  ["a key that is there twice", "id,first_name\n1,Ada\n1,Bob\n", /raw_people/],
])("%s is an error that names the line", async (_, content, message) => {
  await using project = await openSeeds([people], { "people.csv": content });
  const result = await project.project.runPipeline();
  expect(result.errors["raw.people"]?.message).toMatch(message);
  expect(await project.query("select * from raw_people")).toEqual([]);
});

test("an export of a spreadsheet may end its lines with commas, and is decoded as the seed says", async () => {
  const windows = defineSeed({
    name: "raw.windows",
    file: "seeds/windows.csv",
    encoding: "windows-1252",
    ignoreColumns: ["note"],
    table: pipelineTable("raw_windows", { id: integer().primaryKey(), name: text() }),
  });
  await using project = await openSeeds([windows], {});
  await project.write("windows.csv", Buffer.from("id,name,note,,\n1,M\xfcller \x80,x,,\n2,b,,,\n", "latin1"));
  expect((await project.project.runPipeline()).errors).toEqual({});
  expect(await project.query("select id, name from raw_windows order by id")).toEqual([
    { id: 1, name: "Müller €" },
    { id: 2, name: "b" },
  ]);
});

test("a file in another encoding is an error that names the line", async () => {
  await using project = await openSeeds([people], {});
  await project.write("people.csv", Buffer.from("id,first_name\n1,Ada\n2,M\xfcller\n", "latin1"));
  expect((await project.project.runPipeline()).errors["raw.people"]).toMatchObject({
    code: "SEED_INVALID",
    message: "The file is not valid UTF-8 (line 3): seeds/people.csv.",
  });
});

test("a file that has become empty changes nothing, unless that is allowed", async () => {
  const [strict, lenient] = [undefined, true].map((allowEmpty) =>
    defineSeed({
      name: `raw.empty_${String(allowEmpty)}`,
      file: "seeds/empty.csv",
      ...(allowEmpty === undefined ? {} : { allowEmpty }),
      table: pipelineTable(`raw_empty_${String(allowEmpty)}`, { id: integer().primaryKey() }),
    }),
  );
  await using project = await openSeeds([strict!, lenient!], { "empty.csv": "id\n1\n2\n" });
  await project.project.runPipeline();
  await project.write("empty.csv", "");
  const { errors } = await project.project.runPipeline();
  expect(Object.keys(errors)).toEqual(["raw.empty_undefined"]);
  expect(await project.query("select count(*)::int as n from raw_empty_undefined")).toEqual([{ n: 2 }]);
  expect(await project.query("select count(*)::int as n from raw_empty_true")).toEqual([{ n: 0 }]);
});

test("numbers and times keep all that is written, whatever the zone of the host; other spellings are errors", async () => {
  const exact = defineSeed({
    name: "raw.exact",
    file: "seeds/exact.jsonl",
    table: pipelineTable("raw_exact", {
      id: bigint({ mode: "number" }).primaryKey(),
      big: bigint({ mode: "bigint" }),
      price: numeric(),
      data: json(z.unknown()),
      day: date(),
      at: timestamp({ withTimezone: true }),
    }),
  });
  await using project = await openSeeds([exact], {
    "exact.jsonl":
      '{"id": 1, "big": 9007199254740993, "price": 12345678901234567890.12, "data": {"a": 9007199254740993}, "day": "2024-01-15", "at": "2024-01-15T10:00:00.123456+02:00"}\n{"id": 2, "price": 1.10}',
  });
  expect((await project.project.runPipeline()).errors).toEqual({});
  expect(
    await project.query("select big::text, price::text, data::text, day::text, at::text from raw_exact order by id"),
  ).toEqual([
    {
      big: "9007199254740993",
      price: "12345678901234567890.12",
      data: '{"a": 9007199254740993}',
      day: "2024-01-15",
      at: "2024-01-15 08:00:00.123456+00",
    },
    { big: null, price: "1.10", data: null, day: null, at: null },
  ]);
  for (const day of ["2024/01/15", "Jan 15 2024", "15.01.2024", "2024-02-30", "20240115"]) {
    await project.write("exact.jsonl", JSON.stringify({ id: 1, day }));
    const { errors } = await project.project.runPipeline();
    expect(errors["raw.exact"]?.message).toMatch(/line 1: field "day" is not a date or time/);
  }
});

test("a file that is not there is an error with the next step", async () => {
  await using project = await openSeeds([people], { "people.csv": "id\n1\n" });
  await rm(join(project.directory, "seeds", "people.csv"));
  expect((await project.project.runPipeline()).errors["raw.people"]).toMatchObject({ code: "SEED_NOT_FOUND" });
});

test("a file of no known kind is an error that names the kinds", async () => {
  const odd = defineSeed({ name: "raw.odd", file: "seeds/odd.xls", table: pipelineTable("odd", { id: text() }) });
  await using project = await openSeeds([odd], { "odd.xls": "" });
  expect((await project.project.runPipeline()).errors["raw.odd"]).toMatchObject({ code: "SEED_FORMAT" });
});

test("seeds have tests like other models", async () => {
  const tested = defineSeed({
    name: "raw.tested",
    file: "seeds/tested.csv",
    table: pipelineTable("raw_tested", { id: integer().primaryKey(), firstName: text() }),
    tests: [notNull("firstName")],
  });
  await using project = await openSeeds([tested], { "tested.csv": "id,first_name\n1,\n" });
  const result = await project.project.runPipeline(undefined, { tests: true });
  expect(result.models["raw.tested"]).toMatchObject({ status: "failed", tests: { failed: 1 } });
});
