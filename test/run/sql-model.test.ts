import { setTimeout as sleep } from "node:timers/promises";
import { serial } from "drizzle-orm/pg-core";
import { expect, test } from "vitest";
import {
  defineModel,
  defineSqlModel,
  documents,
  type Model,
  openProject,
  type OpenProjectOptions,
  ref,
  type RunOptions,
} from "millrace";
import {
  bigint,
  boolean,
  index,
  integer,
  numeric,
  pipelineTable,
  sql,
  text,
  timestamp,
  varchar,
} from "millrace/schema";
import { createTestProject, type TestProject } from "millrace/testing";
import { buildGraph } from "../../src/graph/build-graph.ts";
import type { AnyModel } from "../../src/model/any-model.ts";
import { ModelRegistry } from "../../src/model/registry.ts";
import { renderSqlModel } from "../../src/run/query/render-query.ts";

interface Entity {
  id: string;
  entityType: string;
  weight?: number | null;
}

/** A model that writes what the test gives it, anew in every run. */
function declareEntities(rows: () => readonly Entity[]) {
  return defineModel({
    name: "kg.entities",
    table: pipelineTable("kg_entities", { id: text().primaryKey(), entityType: text().notNull(), weight: integer() }),
    sources: {},
    async run({ writer }) {
      await writer.write(rows());
    },
  });
}

const people: readonly Entity[] = [
  { id: "ada", entityType: "person", weight: 3 },
  { id: "bob", entityType: "person", weight: 1 },
  { id: "rome", entityType: "place" },
];
const countsTable = (name = "kg_counts") =>
  pipelineTable(name, { entityType: text().primaryKey(), entities: integer().notNull() });

test("a query reads a table of the project, whatever its name is", async () => {
  const stats = defineSqlModel({
    name: "kg.stats",
    materialized: "table",
    table: pipelineTable("stats", { id: text().primaryKey() }),
    sources: { given: ref("query_stats") },
    sql: ({ given }) => sql`select id from ${given}`,
  });
  await using project = await createTestProject({ models: [stats] });
  await project.query("create table query_stats (id text primary key)");
  await project.query("insert into query_stats values ('a'), ('b')");
  expect((await project.project.runPipeline()).errors).toEqual({});
  expect(await project.query("select id from stats order by 1")).toEqual([{ id: "a" }, { id: "b" }]);
});

function declareCounts(entities: Model<Entity>) {
  return defineSqlModel({
    name: "kg.counts",
    table: countsTable(),
    materialized: "table",
    sources: { entities: ref(entities) },
    sql: ({ entities }) => sql`select ${entities.entityType}, count(*)::int as entities from ${entities} group by 1`,
  });
}

function render(model: AnyModel, ...others: readonly AnyModel[]) {
  const registry = new ModelRegistry();
  for (const each of [model, ...others]) registry.register(each);
  const resolved = buildGraph([model, ...others], registry).get(model.name);
  return renderSqlModel(resolved!, { documents: "millrace.documents" });
}

async function errorOf(test: TestProject, model: string) {
  const result = await test.project.runPipeline();
  expect(result.models[model]?.status).toBe("failed");
  return result.errors[model]!;
}

const entities = declareEntities(() => people);

test("a source stands for its table and its columns, a value for a parameter", () => {
  const build = (materialized: "view" | "table") =>
    defineSqlModel({
      name: "kg.rendered",
      table: countsTable("rendered"),
      materialized,
      sources: { entities: ref(entities), raw: 'odd "table"' },
      sql: ({ entities, raw }) =>
        sql`select e.${entities.entityType} from ${entities} e, ${raw} where ${raw["Any column"]} in ${["it's", "b\\"]} and ${new Date(0)} < now() and ${entities.weight} > ${3};\n`,
    });
  expect(render(build("table"), entities)).toMatchObject({
    text: 'select e."entity_type" from "kg_entities" e, "odd ""table""" where "Any column" in ($1, $2) and $3 < now() and "weight" > $4',
    values: ["it's", "b\\", "1970-01-01T00:00:00.000Z", 3],
  });
  expect(render(build("view"), entities)).toMatchObject({
    text: `select e."entity_type" from "kg_entities" e, "odd ""table""" where "Any column" in ('it''s',  E'b\\\\') and '1970-01-01T00:00:00.000Z' < now() and "weight" > 3`,
    values: [],
  });
});

test("a name that is not there is an error with the nearest one, whoever wrote the code", () => {
  const wrong = (write: (sources: Record<string, Record<string, unknown>>) => unknown, columns?: readonly ["id"]) => {
    const model = defineSqlModel({
      name: "kg.wrong",
      sources: { entities: ref(entities, columns === undefined ? {} : { columns }), documents: documents() },
      sql: write as never,
    });
    return () => render(model, entities);
  };
  expect(wrong(({ entities }) => sql`select ${entities!["entityTyp"]} from ${entities}`)).toThrow(
    'Model "kg.wrong" reads column "entityTyp" of its source "entities", which does not have it. Did you mean "entityType"?',
  );
  expect(wrong(({ entities }) => sql`select ${entities!["weight"]}`, ["id"])).toThrow('reads column "weight"');
  expect(wrong(({ documents }) => sql`select ${documents!["sourceURL"]}`)).toThrow('Did you mean "sourceUrl"?');
  expect(wrong(({ entites }) => sql`select 1 from ${entites}`)).toThrow(
    'Model "kg.wrong" has no source "entites". Did you mean "entities"?',
  );
  expect(wrong(() => sql`select ${sql`${undefined}`}`)).toThrow("a value that is undefined");
  expect(wrong(({ entities }) => `select 1 from ${entities as unknown as string}`)).toThrow(
    "is used in a plain string",
  );
  expect(wrong(() => "select 1")).toThrow("does not return a query");
});

test("a table holds what its query gives; equal rows stay untouched, gone ones go", async () => {
  let rows: readonly Entity[] = people;
  const upstream = declareEntities(() => rows);
  const counts = declareCounts(upstream);
  await using test = await createTestProject({ models: [upstream, counts] });
  const read = () => test.query("select * from kg_counts order by entity_type");
  const first = await test.project.runPipeline();
  expect(first.errors).toEqual({});
  expect(first.models["kg.counts"]).toMatchObject({ status: "succeeded", rowsWritten: 2, tableName: "kg_counts" });
  const before = await read();
  expect(before).toMatchObject([
    { entity_type: "person", entities: 2, model_name: "kg.counts", source_key: "", workflow_id: first.runId },
    { entity_type: "place", entities: 1 },
  ]);
  const second = await test.project.runPipeline(undefined, { mode: "full" });
  expect(second.models["kg.counts"]).toMatchObject({ rowsWritten: 0, rowsUnchanged: 2 });
  expect(await read()).toEqual(before);
  rows = [people[0]!, { id: "oslo", entityType: "town" }];
  const third = await test.project.runPipeline(undefined, { mode: "full" });
  expect(third.models["kg.counts"]).toMatchObject({ rowsWritten: 2, rowsDeleted: 1, rowsUnchanged: 0 });
  expect(await read()).toMatchObject([
    { entity_type: "person", entities: 1 },
    { entity_type: "town", entities: 1 },
  ]);
});

test("a query may leave out what the table fills in, and rows without a key are replaced as a whole", async () => {
  const filled = defineSqlModel({
    name: "kg.filled",
    materialized: "table",
    table: pipelineTable(
      "kg_filled",
      {
        number: serial(),
        id: text().notNull(),
        big: bigint({ mode: "number" }),
        price: numeric({ precision: 10, scale: 2 }),
        short: varchar({ length: 5 }),
        state: text().notNull().default("it's new"),
        flag: boolean().default(true),
        at: timestamp({ withTimezone: true })
          .notNull()
          .default(sql`now()`),
      },
      (t) => [index().on(t.id)],
    ),
    sources: { entities: ref(entities) },
    sql: ({ entities }) =>
      sql`select id, weight as big, weight::numeric / 3 as price, 'x'::varchar as short, null::boolean as flag, ${"note"}::text as error from ${entities} where weight is not null -- all`,
  });
  await using test = await createTestProject({ models: [entities, filled] });
  expect((await test.project.runPipeline()).errors).toEqual({});
  const read = () => test.query("select number, id, big, price, short, state, flag, error from kg_filled order by id");
  const row = { short: "x", state: "it's new", flag: null, error: "note" };
  const rows = [
    { ...row, number: expect.any(Number), id: "ada", big: "3", price: "1.00" },
    { ...row, number: expect.any(Number), id: "bob", big: "1", price: "0.33" },
  ];
  expect(await read()).toEqual(rows);
  const again = await test.project.runPipeline(undefined, { mode: "full" });
  expect(again.models["kg.filled"]).toMatchObject({ rowsWritten: 0, rowsUnchanged: 2 });
});

test("columns that differ from the declared ones are one error, and nothing is written", async () => {
  const wrong = (materialized: "view" | "table") =>
    defineSqlModel({
      name: `kg.wrong_${materialized}`,
      materialized,
      table: pipelineTable(`wrong_${materialized}`, {
        entityType: text().primaryKey(),
        entities: integer().notNull(),
        total: integer(),
      }),
      sources: { entities: ref(entities) },
      sql: ({ entities }) =>
        sql`select entity_type as entitytype, count(*) as entities, 1 as more, 2 as more from ${entities} group by 1`,
    });
  await using test = await createTestProject({ models: [entities, wrong("view"), wrong("table")] });
  const result = await test.project.runPipeline(undefined, { stopOnError: false });
  for (const kind of ["view", "table"]) {
    expect(result.errors[`kg.wrong_${kind}`]).toMatchObject({
      code: "COLUMNS_DIFFER",
      message: `The query of model "kg.wrong_${kind}" does not return the columns of "wrong_${kind}": "entity_type" (text) is missing; "total" (integer) is missing; "entitytype" is not declared (Did you mean "entity_type"?); "more" is not declared; "more" is not declared; "more" is returned twice; "entities" is bigint but declared as integer.`,
      details: { types: [{ column: "entities", found: "bigint", declared: "integer" }] },
    });
  }
  expect(
    await test.query("select to_regclass('wrong_view') as view, (select count(*)::int from wrong_table) as rows"),
  ).toEqual([{ view: null, rows: 0 }]);
});

test("two rows of one key are an error, and the table stays as it was", async () => {
  let rows: readonly Entity[] = [people[0]!];
  const upstream = declareEntities(() => rows);
  const copy = defineSqlModel({
    name: "kg.copy",
    materialized: "table",
    table: pipelineTable("kg_copy", { entityType: text().primaryKey() }),
    sources: { entities: ref(upstream) },
    sql: ({ entities }) => sql`select ${entities.entityType} from ${entities}`,
  });
  await using test = await createTestProject({ models: [upstream, copy] });
  await test.project.runPipeline();
  rows = people;
  const result = await test.project.runPipeline(undefined, { mode: "full" });
  expect(result.errors["kg.copy"]).toMatchObject({
    code: "DUPLICATE_KEY",
    message: 'Table "kg_copy": the model writes twice the row {"entityType":"person"}.',
  });
  expect(await test.query("select entity_type, workflow_id <> $1 as old from kg_copy", [result.runId])).toEqual([
    { entity_type: "person", old: true },
  ]);
});

test("what the server says of a query names the model and the line, and no stack", async () => {
  const broken = (query: string) => async () => {
    const model = defineSqlModel({
      name: "kg.broken",
      sources: { entities: ref(entities) },
      sql: () => sql.raw(query),
    });
    await using test = await createTestProject({ models: [entities, model] });
    return await errorOf(test, "kg.broken");
  };
  expect(await broken("select '🙂',\n  entity_typ\nfrom kg_entities e")()).toEqual({
    code: "SQL_FAILED",
    message: 'Model "kg.broken": column "entity_typ" does not exist (line 2 of its SQL: entity_typ).',
    hint: 'Perhaps you meant to reference the column "e.entity_type".',
    details: { sqlState: "42703", line: 2 },
  });
  expect(await broken("select 1\nfrm x")()).toMatchObject({
    message: 'Model "kg.broken": syntax error at or near "x" (line 2 of its SQL: frm x).',
  });
  const failing = defineSqlModel({
    name: "kg.failing",
    materialized: "table",
    table: pipelineTable("failing", { id: integer().primaryKey() }),
    sources: { entities: ref(entities) },
    sql: ({ entities }) => sql`select id::int from ${entities}`,
  });
  await using test = await createTestProject({ models: [entities, failing] });
  expect(await errorOf(test, "kg.failing")).toEqual({
    code: "SQL_FAILED",
    // What stands in a row is nobody's to read here.
    message: 'Model "kg.failing": invalid input syntax for type integer: "…".',
    hint: "Fix the query in the model's `sql`.",
    details: { sqlState: "22P02" },
  });
});

test("a view shows what its query gives now, and changes with it", async () => {
  const view = (query: string) =>
    defineSqlModel({ name: "kg.shown", sources: { entities: ref(entities) }, sql: () => sql.raw(query) });
  const queries = [
    "select id from kg_entities where entity_type = 'person'",
    "select id, weight from kg_entities where entity_type = 'person'",
    "select weight, id as name from kg_entities",
  ];
  await using test = await createTestProject({ models: [entities, view(queries[0]!)] });
  for (const [index, query] of queries.entries()) {
    const result = await runWith(test, [entities, view(query)]);
    expect(result.errors).toEqual({});
    expect(result.models["kg.shown"]).toMatchObject({ tableName: "kg_shown", rowsWritten: 0 });
    const shown = await test.project.showRows("kg.shown", { where: index === 2 ? ["name=ada"] : ["id=ada"] });
    expect(shown).toEqual({
      columns: [["id"], ["id", "weight"], ["weight", "name"]][index],
      rows: [[["ada"], ["ada", 3], [3, "ada"]][index]],
      total: 1,
    });
  }
});

/** Runs other models on the database of a test: the next version of a project. */
async function runWith(test: TestProject, models: readonly AnyModel[], options: RunOptions & { only?: string } = {}) {
  const { only, ...more } = options;
  await using project = await openTest(test, models);
  return await project.runPipeline(only, { mode: "full", ...more });
}

function openTest(test: TestProject, models: readonly AnyModel[]) {
  return openProject({
    directory: test.directory,
    database: test.databaseUrl,
    models: models as NonNullable<OpenProjectOptions["models"]>,
  });
}

test("a view that Millrace made goes where its model needs it; one of somebody else is named", async () => {
  const base = (query: string) =>
    defineSqlModel({ name: "kg.base", sources: { entities: ref(entities) }, sql: () => sql.raw(query) });
  const above = (column = "id") =>
    defineSqlModel({
      name: "kg.above",
      sources: { base: "kg.base" },
      sql: () => sql`select ${sql.identifier(column)} from kg_base`,
    });
  const first = [entities, base("select id, weight from kg_entities"), above()];
  await using test = await createTestProject({ models: first });
  expect((await runWith(test, first)).errors).toEqual({});

  const turned = [entities, base("select weight, id from kg_entities"), above()];
  expect((await runWith(test, turned, { only: "kg.base" })).errors).toEqual({});
  // It reads no less than before, and stays.
  expect(await test.query("select id from kg_above order by 1 limit 1")).toEqual([{ id: "ada" }]);

  const messages: string[] = [];
  const renamed = [entities, base("select id as key from kg_entities"), above("key")];
  const result = await runWith(test, renamed, {
    onEvent: (event) => event.type === "log" && messages.push(event.message),
  });
  expect(result.errors).toEqual({});
  expect(messages).toEqual([
    "dropped kg_above, which read columns that are gone; the models of these views will recreate them",
  ]);
  expect(await test.query("select key from kg_above order by 1 limit 1")).toEqual([{ key: "ada" }]);

  await test.query("create view of_somebody as select key from kg_above");
  const emptied = [entities, base("select 1 as one from kg_entities"), above("one")];
  expect((await runWith(test, emptied, { only: "kg.base" })).errors["kg.base"]).toMatchObject({
    code: "VIEW_IN_USE",
    message: 'Model "kg.base" must recreate view "kg_base", but other objects depend on it: of_somebody.',
  });
  expect(await test.query("select key from of_somebody order by 1 limit 1")).toEqual([{ key: "ada" }]);

  const taken = defineSqlModel({ name: "of.somebody", sources: {}, sql: () => sql`select 1 as one` });
  expect((await runWith(test, [taken])).errors["of.somebody"]).toMatchObject({
    code: "VIEW_NOT_OWN",
    hint: 'Rename the model or its table, or drop the view: drop view "of_somebody";',
  });
});

test("a view becomes a table with its rows at once; a table with rows becomes no view by itself", async () => {
  const counts = (materialized: "view" | "table") =>
    defineSqlModel({
      name: "kg.counts",
      table: countsTable(),
      materialized,
      sources: { entities: ref(entities) },
      sql: ({ entities }) => sql`select ${entities.entityType}, count(*)::int as entities from ${entities} group by 1`,
    });
  const reader = defineSqlModel({
    name: "kg.reader",
    sources: { counts: "kg.counts" },
    sql: () => sql`select entities from kg_counts`,
  });
  const asView = [entities, counts("view"), reader];
  const asTable = [entities, counts("table"), reader];
  await using test = await createTestProject({ models: asView });
  const columns = async () =>
    (
      await test.query(
        "select column_name as name from information_schema.columns where table_name = 'kg_counts' order by ordinal_position",
      )
    ).map(({ name }) => name);
  const sum = () => test.query("select sum(entities)::int as sum from kg_reader");
  expect((await runWith(test, asView)).errors).toEqual({});
  expect(await columns()).toEqual(["entity_type", "entities"]);
  expect(await test.project.planMigration()).toMatchObject({ statements: [], blocked: [] });

  expect((await runWith(test, asTable, { only: "kg.counts" })).models["kg.counts"]).toMatchObject({
    status: "succeeded",
    rowsWritten: 2,
  });
  expect(await columns()).toContain("source_key");
  expect(await sum()).toEqual([{ sum: 3 }]);

  await expect(runWith(test, asView)).rejects.toMatchObject({
    code: "SCHEMA_CHANGE",
    message: expect.stringContaining('drop table "kg_counts";'),
  });
  await test.query("delete from kg_counts");
  expect((await runWith(test, asView, { only: "kg.counts" })).errors).toEqual({});
  expect(await columns()).toEqual(["entity_type", "entities"]);
  expect(await sum()).toEqual([{ sum: 3 }]);

  await test.query("create table of_somebody (entity_type text, entities int)");
  const taken = defineSqlModel({ name: "of.somebody", sources: {}, sql: () => sql`select 1 as one` });
  await expect(runWith(test, [taken])).rejects.toThrow("a table that Millrace did not make has its name");
});

test("models read views like tables: row by row, in groups, as a whole, filtered", async () => {
  const persons = defineSqlModel({
    name: "kg.persons",
    table: pipelineTable("kg_persons", { id: text().primaryKey(), weight: integer() }),
    sources: { entities: ref(entities) },
    sql: ({ entities }) =>
      sql`select ${entities.id}, ${entities.weight} from ${entities} where ${entities.entityType} = ${"person"}`,
  });
  const plain = defineSqlModel({
    name: "kg.plain",
    sources: { persons: ref(persons) },
    sql: ({ persons }) => sql`select ${persons.id}, ${persons.weight} % 2 as odd from ${persons}`,
  });
  const seen: unknown[] = [];
  const out = (name: string) => pipelineTable(name, { id: text().primaryKey() });
  const each = defineModel({
    name: "kg.each",
    table: out("each"),
    sources: { persons: ref(persons, { where: { weight: [1, 3] } }), plain: ref(plain, { match: { id: "id" } }) },
    forEach: "persons",
    async run({ row, sources }) {
      seen.push([row, await sources.plain.rows()]);
      return { id: row.id };
    },
  });
  const group = defineModel({
    name: "kg.group",
    table: out("groups"),
    sources: { plain: ref(plain) },
    forEach: "plain",
    by: ["odd"],
    async run({ key, rows }) {
      return { id: `${String(key["odd"])}: ${rows.length}` };
    },
  });
  const whole = defineModel({
    name: "kg.whole",
    table: out("whole"),
    sources: { byName: "kg_persons", persons: ref(persons) },
    async run({ sources, writer }) {
      await writer.write({ id: JSON.stringify([await sources.byName.count(), await sources.persons.rows()]) });
    },
  });
  await using test = await createTestProject({ models: [entities, persons, plain, each, group, whole] });
  expect((await test.project.plan()).models.map(({ model, work }) => `${model}: ${work}`)).toEqual([
    "kg.entities: 1",
    "kg.persons: 1",
    "kg.plain: 1",
    "kg.each: 0",
    "kg.group: 0",
    "kg.whole: 0",
  ]);
  expect((await test.project.runPipeline()).errors).toEqual({});
  expect(seen).toEqual([
    [{ id: "ada", weight: 3 }, [{ id: "ada", odd: 1 }]],
    [{ id: "bob", weight: 1 }, [{ id: "bob", odd: 1 }]],
  ]);
  expect(await test.query("select id from groups")).toEqual([{ id: "1: 2" }]);
  expect(await test.query("select id from whole")).toEqual([
    {
      id: JSON.stringify([
        2,
        [
          { id: "ada", weight: 3 },
          { id: "bob", weight: 1 },
        ],
      ]),
    },
  ]);
  seen.length = 0;
  expect((await test.project.runPipeline()).models["kg.each"]).toMatchObject({ unitsDone: 0 });
  expect(seen).toEqual([]);
  expect((await test.project.plan()).models.filter(({ model, work }) => model === "kg.each" && work > 0)).toEqual([]);
});

test("rows of a view that do not have its declared key are an error, not lost units", async () => {
  for (const [rows, message] of [
    ["('a', 1), ('b', 2), ('a', 3)", 'several rows with the same primary key: {"id":"a"}.'],
    ["('a', 1), (null, 2)", 'a row without its primary key: {"id":null}.'],
  ] as const) {
    const view = defineSqlModel({
      name: "kg.keyed",
      table: pipelineTable("kg_keyed", { id: text().primaryKey(), n: integer() }),
      sources: {},
      sql: () => sql`select * from (values ${sql.raw(rows)}) as row (id, n)`,
    });
    const each = defineModel({
      name: "kg.each",
      table: pipelineTable("each", { id: text().primaryKey() }),
      sources: { rows: ref(view) },
      forEach: "rows",
      run: async ({ row }) => ({ id: row.id }),
    });
    await using test = await createTestProject({ models: [view, each] });
    expect(await errorOf(test, "kg.each")).toMatchObject({
      code: "DUPLICATE_KEY",
      message: `Model "kg.each" processes the rows of view "kg_keyed", which has ${message}`,
    });
  }
});

test("a process that has lost its lease writes nothing", async () => {
  const slow = defineSqlModel({
    name: "kg.slow",
    materialized: "table",
    table: pipelineTable("kg_slow", { id: integer().primaryKey() }),
    sources: {},
    sql: () => sql`select 1 as id from pg_sleep(1)`,
  });
  await using test = await createTestProject({ models: [slow] });
  const running = test.project.runPipeline();
  const steal = () => test.query("update millrace.model_lease set token = gen_random_uuid() returning model");
  await expect.poll(async () => (await steal()).length, { timeout: 10_000 }).toBe(1);
  expect((await running).errors["kg.slow"]).toMatchObject({ code: "LEASE_LOST" });
  expect(await test.query("select from kg_slow")).toEqual([]);
});

test("views do not stand in the way of a table whose columns change their types", async () => {
  const numbers = (weight: ReturnType<typeof integer>, value: unknown = 1) =>
    defineModel({
      name: "kg.numbers",
      table: pipelineTable("kg_numbers", { id: text().primaryKey(), weight, other: integer() }),
      sources: {},
      run: async ({ writer }) => writer.write([{ id: "a", weight: value }] as never),
    });
  const view = (name: string, from: string) =>
    defineSqlModel({ name, sources: { from: ref(from) }, sql: ({ from }) => sql`select id, weight from ${from}` });
  const views = [view("kg.first", "kg.numbers"), view("kg.second", "kg_first")];
  const first = [numbers(integer()), ...views];
  await using test = await createTestProject({ models: first });
  expect((await runWith(test, first)).errors).toEqual({});
  const read = () => test.query("select weight, pg_typeof(weight)::text as type from kg_second");
  expect(
    (await runWith(test, [numbers(bigint({ mode: "number" }) as never), ...views], { only: "kg.numbers" })).errors,
  ).toEqual({});
  expect(await read()).toEqual([{ weight: "1", type: "bigint" }]);

  const asText = [numbers(text() as never, "1"), ...views];
  await expect(runWith(test, asText)).rejects.toMatchObject({
    code: "SCHEMA_CHANGE",
    message: expect.stringContaining("drop view if exists kg_first, kg_second;"),
  });
  await using project = await openTest(test, asText);
  await project.migrate();
  expect((await project.runPipeline(undefined, { mode: "full" })).errors).toEqual({});
  expect(await read()).toEqual([{ weight: "1", type: "text" }]);
});

test("a query reads the documents, whether it gives them a name of its own or not", async () => {
  const titles = defineSqlModel({
    name: "docs.titles",
    sources: { documents: documents() },
    sql: ({ documents }) =>
      sql`select ${documents.path}, d.${documents.contentType} from ${documents} d join (select id from ${documents}) other using (id)`,
  });
  await using test = await createTestProject({ models: [titles], documents: { "a.md": "# One", "b.txt": "two" } });
  expect((await test.project.runPipeline()).errors).toEqual({});
  expect(await test.query("select * from docs_titles order by path")).toEqual([
    { path: "docs/a.md", content_type: "text/markdown" },
    { path: "docs/b.txt", content_type: "text/plain" },
  ]);
});

test("a table that is not there yet is an error that says what fills it", async () => {
  const view = defineSqlModel({
    name: "kg.view",
    sources: { raw: "nowhere" },
    sql: ({ raw }) => sql`select 1 from ${raw}`,
  });
  await using test = await createTestProject({ models: [view] });
  expect(await errorOf(test, "kg.view")).toMatchObject({ code: "TABLE_NOT_FOUND" });
});

for (const how of ["a cancelled run", "a timeout"] as const) {
  test(`${how} ends a query at once, and the table stays as it was`, async () => {
    const slow = defineSqlModel({
      name: "kg.slow",
      materialized: "table",
      table: pipelineTable("kg_slow", { id: integer().primaryKey() }),
      sources: {},
      ...(how === "a timeout" ? { timeoutMs: 1_000 } : {}),
      sql: () => sql`select 1 as id from pg_sleep(60)`,
    });
    await using test = await createTestProject({ models: [slow] });
    const abort = new AbortController();
    const started = performance.now();
    const running = test.project.runPipeline(undefined, how === "a timeout" ? {} : { signal: abort.signal });
    const isBusy = async () =>
      (
        await test.query(
          "select from pg_stat_activity where query like 'insert into%pg_sleep%' and state = 'active' and datname = current_database()",
        )
      ).length > 0;
    await expect.poll(isBusy, { timeout: 10_000 }).toBe(true);
    abort.abort();
    const cancelled = performance.now();
    const result = await running;
    if (how === "a timeout") expect(result.errors["kg.slow"]).toMatchObject({ code: "MODEL_TIMEOUT" });
    else expect(result.status).toBe("cancelled");
    expect(performance.now() - (how === "a timeout" ? started + 1_000 : cancelled)).toBeLessThan(
      how === "a timeout" ? 20_000 : 15_000,
    );
    expect(await isBusy()).toBe(false);
    expect(await test.query("select from kg_slow")).toEqual([]);
  });
}

test("many queries at once leave connections for everybody else", async () => {
  const slow = Array.from({ length: 25 }, (_, index) =>
    defineSqlModel({
      name: `kg.slow_${index}`,
      materialized: "table",
      table: pipelineTable(`slow_${index}`, { id: integer().primaryKey() }),
      sources: {},
      sql: () => sql`select 1 as id from pg_sleep(0.4)`,
    }),
  );
  await using test = await createTestProject({ models: slow });
  const over = new AbortController();
  const running = test.project.runPipeline().finally(() => over.abort());
  const busy: number[] = [];
  while (!over.signal.aborted) {
    const [row] = await test.query(
      "select count(*)::int as busy from pg_stat_activity where query like 'insert into%pg_sleep%' and state = 'active' and datname = current_database()",
    );
    busy.push(Number(row?.["busy"]));
    await sleep(20);
  }
  expect((await running).status).toBe("succeeded");
  expect(Math.max(...busy)).toBeLessThanOrEqual(10);
});
