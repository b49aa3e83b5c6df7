import { expect, test } from "vitest";
import { defineModel, defineSqlModel, documents, executeModel, type Model, ref } from "millrace";
import { bigint, integer, pipelineTable, sql, text, varchar } from "millrace/schema";
import { buildGraph } from "../../src/graph/build-graph.ts";
import type { AnyModel } from "../../src/model/any-model.ts";
import { ModelRegistry } from "../../src/model/registry.ts";
import { declareModel } from "../support/declare.ts";

function graphOf(models: readonly AnyModel[]) {
  const registry = new ModelRegistry();
  for (const model of models) registry.register(model);
  return buildGraph(models, registry);
}

function issuesOf(models: readonly AnyModel[]): readonly string[] {
  try {
    graphOf(models);
    return [];
  } catch (error) {
    return (error as { issues: { code: string; message: string }[] }).issues.map(
      ({ code, message }) => `${code}: ${message}`,
    );
  }
}

const words = declareModel("a.words");
const table = () => pipelineTable("counts", { id: text().primaryKey() });

test("a query has its place in the graph like any model", () => {
  const view = defineSqlModel({
    name: "a.view",
    sources: { words: ref(words) },
    sql: () => sql`select 1`,
  });
  const end = declareModel("a.end", ["a.view"]);
  const byTable = declareModel("a.by_table", ["a_view"]);
  const graph = graphOf([end, byTable, view, words]);
  expect([...graph].map(([name, { upstreams }]) => `${name} < ${upstreams.join()}`)).toEqual([
    "a.words < ",
    "a.view < a.words",
    "a.by_table < a.view",
    "a.end < a.view",
  ]);
  expect(graph.get("a.view")?.shape).toMatchObject({ name: "a_view", columns: [], query: "view" });
});

test("what a query cannot have is reported together", () => {
  const models = [
    words,
    defineSqlModel({
      name: "a.counts",
      materialized: "table",
      sources: {
        words: ref(words, { where: { id: "x" }, match: { id: "id" } }),
        documents: documents({ content: true, where: { id: "x" } }),
      },
      sql: () => sql`select 1`,
    } as unknown as Parameters<typeof defineSqlModel>[0]),
  ];
  expect(issuesOf(models)).toEqual([
    "TABLE_MISSING: a query that becomes a table needs a declared `table`; only a view can do without.",
    'CONDITION_IN_SQL: source "words" has `where`, which a query does not use. Write the condition in its SQL.',
    'CONDITION_IN_SQL: source "words" has `match`, which a query does not use. Write the condition in its SQL.',
    'CONDITION_IN_SQL: source "documents" has `where`, which a query does not use. Write the condition in its SQL.',
    'CONTENT_IN_SQL: source "documents" asks for the text of the documents, which may not be in the database. Remove `content`, or let a model with `forEach` write what the query needs to a table.',
  ]);
});

test("the rows of a view are units when its table declares a primary key", () => {
  const forEach = (view: Model<{ id: string }> | Model<Record<string, unknown>>, by?: readonly ["id"]) =>
    defineModel({
      name: "a.each",
      table: pipelineTable("each", { id: text().primaryKey() }),
      sources: { rows: ref(view as Model<{ id: string }>) },
      forEach: "rows",
      ...(by === undefined ? {} : { by }),
      run: async () => null,
    });
  const shared = { name: "a.view", sources: { words: ref(words) }, sql: () => sql`select 1` };
  const untyped = defineSqlModel(shared);
  expect(issuesOf([words, untyped, forEach(untyped)])).toEqual([
    'PRIMARY_KEY_MISSING: view "a_view" has no declared table, so Millrace cannot identify its rows. Declare its `table` with a primary key, or group with `by`.',
  ]);
  expect(issuesOf([words, untyped, forEach(untyped, ["id"])])).toEqual([]);
  const typed = defineSqlModel({ ...shared, table: table() });
  expect(issuesOf([words, typed, forEach(typed)])).toEqual([]);
});

test("a query cannot be executed on literal rows", async () => {
  const view = defineSqlModel({ name: "a.view", sources: {}, sql: () => sql`select 1` });
  await expect(executeModel(view)).rejects.toMatchObject({
    code: "SQL_MODEL",
    hint: expect.stringContaining("createTestProject"),
  });
});

test("a query in units says of each row which unit it is of; what keeps it from that is reported", () => {
  const people = defineModel({
    name: "a.people",
    table: pipelineTable("people", { personId: integer().primaryKey(), city: varchar({ length: 20 }), name: text() }),
    sources: {},
    run: async () => undefined,
  });
  const inUnits = (options: object) => [
    people,
    words,
    defineSqlModel({
      name: "a.units",
      materialized: "table",
      table: pipelineTable("units", { personId: bigint({ mode: "number" }), city: text(), name: integer() }),
      sources: { people: ref(people) },
      forEach: "people",
      sql: () => sql`select 1`,
      ...options,
    } as never),
  ];
  // What is stored wider names the same unit.
  expect(issuesOf(inUnits({}))).toEqual([]);
  expect(issuesOf(inUnits({ by: ["city"] }))).toEqual([]);
  expect(issuesOf(inUnits({ sources: { people: ref(people, { where: { city: "Rome" } }) } }))).toEqual([]);
  expect(issuesOf(inUnits({ sources: { people: ref(people), words: ref(words, { match: { id: "name" } }) } }))).toEqual(
    [],
  );
  expect(issuesOf(inUnits({ sources: { people: documents() } }))).toEqual([
    'UNIT_KEY_MISSING: table "units" has no column "documentId" for its query to fill, so nothing says which unit of "people" a row belongs to.',
  ]);
  expect(issuesOf(inUnits({ by: ["name"] }))).toEqual([
    'UNIT_KEY_TYPE: column "name" of table "units" is integer, but the key of "people" that it holds is text. Declare it with the same type.',
  ]);
  expect(issuesOf(inUnits({ sources: { people: ref(words) } }))).toEqual([
    'UNIT_KEY_MISSING: table "units" has no column "id" for its query to fill, so nothing says which unit of "people" a row belongs to.',
  ]);
  expect(issuesOf(inUnits({ by: ["nmae"] }))).toEqual([
    'COLUMN_NOT_FOUND: `by` names column "nmae", which table "people" does not have. Did you mean "name"?',
  ]);
  expect(issuesOf(inUnits({ forEach: "poeple" }))).toEqual([
    'SOURCE_NOT_FOUND: `forEach` names "poeple", which is not one of the model\'s sources. Did you mean "people"?',
  ]);
  expect(issuesOf(inUnits({ materialized: "view" }))).toContain(
    'UNITS_OF_VIEW: a view stores no rows, so it has no units. Set `materialized: "table"`.',
  );
  expect(
    issuesOf(
      inUnits({
        sources: {
          people: ref(people, { match: { name: "name" } }),
          words: ref(words, { where: { id: "x" } }),
        },
      }),
    ),
  ).toEqual([
    'MATCH_WITHOUT_UNIT: source "people" has `match`, which pairs another source with the current unit; this one has no unit to match.',
    'CONDITION_IN_SQL: source "words" has `where`, which a query does not use. Write the condition in its SQL.',
  ]);
});
