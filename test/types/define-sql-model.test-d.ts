import { expectTypeOf, test } from "vitest";
import { defineModel, defineSqlModel, documents, type Model, ref } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";

const entities = defineModel({
  name: "types.entities",
  table: pipelineTable("type_entities", { id: text().primaryKey(), entityType: text().notNull(), weight: integer() }),
  sources: { documents: documents() },
  forEach: "documents",
  async run() {
    return null;
  },
});
const counts = pipelineTable("type_counts", { entityType: text().primaryKey(), entities: integer().notNull() });

test("a query sees the columns of its sources, and its readers those of its table", () => {
  const model = defineSqlModel({
    name: "types.counts",
    table: counts,
    materialized: "table",
    sources: { entities: ref(entities), raw: "raw_table", documents: documents() },
    sql: ({ entities, raw, documents }) =>
      sql`select ${entities.entityType}, ${raw["any_column"]}, d.${documents.sourceUrl} from ${entities}, ${raw}, ${documents} d where ${entities.weight} > ${3}`,
  });
  expectTypeOf(model).toExtend<Model<{ entityType: string; entities: number }>>();
  defineModel({
    name: "types.reader",
    table: counts,
    sources: { counts: ref(model, { columns: ["entities"] }) },
    forEach: "counts",
    async run({ row }) {
      expectTypeOf(row).toEqualTypeOf<{ entities: number }>();
      return null;
    },
  });
  // @ts-expect-error a column that the table does not have
  ref(model, { columns: ["entityTyp"] });
});

test("a view can do without a table; its rows are untyped then", () => {
  const view = defineSqlModel({
    name: "types.view",
    sources: { entities: ref(entities, { columns: ["id"] }) },
    sql({ entities }) {
      // @ts-expect-error the source does not read this column
      return sql`select ${entities.id}, ${entities.entityType} from ${entities}`;
    },
  });
  expectTypeOf(view).toExtend<Model<Record<string, unknown>>>();
  ref(view, { columns: ["whatever"], where: { whatever: 1 } });
  const typed = defineSqlModel({
    name: "types.typed_view",
    table: counts,
    materialized: "view",
    sources: { view: ref(view) },
    sql: ({ view }) => sql`select ${view["whatever"]} from ${view}`,
  });
  expectTypeOf(typed).toExtend<Model<{ entityType: string; entities: number }>>();
});

test("wrong declarations do not compile", () => {
  const shared = { name: "types.wrong", sources: { entities: ref(entities) } } as const;
  // @ts-expect-error a table needs its columns declared
  defineSqlModel({ ...shared, materialized: "table", sql: ({ entities }) => sql`select 1 from ${entities}` });
  // @ts-expect-error no such column
  defineSqlModel({ ...shared, sql: ({ entities }) => sql`select ${entities.typo} from ${entities}` });
  // @ts-expect-error no such source
  defineSqlModel({ ...shared, sql: ({ entity }) => sql`select 1 from ${entity}` });
  // @ts-expect-error base columns are Millrace's
  defineSqlModel({ ...shared, sql: ({ entities }) => sql`select ${entities.workflowId} from ${entities}` });
  // @ts-expect-error no such materialization
  defineSqlModel({ ...shared, materialized: "incremental", sql: () => sql`select 1` });
  // @ts-expect-error a query is written with the tag, not as text
  defineSqlModel({ ...shared, sql: () => "select 1" });
  // @ts-expect-error what a query does is replace
  defineSqlModel({ ...shared, writeStrategy: "append", sql: () => sql`select 1` });
});

test("a query in units names a source of its own, and columns that its table has too", () => {
  const totals = pipelineTable("type_totals", { entityType: text(), weight: integer() });
  const shared = {
    name: "types.units",
    table: totals,
    materialized: "table",
    sources: { entities: ref(entities), raw: "raw_table", documents: documents() },
    sql: () => sql`select 1`,
  } as const;
  const model = defineSqlModel({
    ...shared,
    forEach: "entities",
    by: ["entityType"],
    writeStrategy: "merge",
    sql: ({ entities, raw }) =>
      sql`select ${entities.entityType}, sum(${entities.weight})::int from ${entities}, ${raw} group by 1`,
  });
  expectTypeOf(model).toExtend<Model<{ entityType: string | null; weight: number | null }>>();
  defineSqlModel({ ...shared, forEach: "documents" });
  // Of somebody else's table only the database knows the columns.
  defineSqlModel({
    name: "types.raw_units",
    table: totals,
    materialized: "table",
    sources: { raw: "raw_table", documents: documents() },
    forEach: "raw",
    by: ["entity_type"],
    sql: ({ raw }) => sql`select ${raw["entity_type"]} from ${raw} group by 1`,
  });

  // @ts-expect-error no such source
  defineSqlModel({ ...shared, forEach: "entity" });
  // @ts-expect-error no such column
  defineSqlModel({ ...shared, forEach: "entities", by: ["entityTyp"] });
  // @ts-expect-error the model's table has no such column, so no row could say which unit it is of
  defineSqlModel({ ...shared, forEach: "entities", by: ["id"] });
  // @ts-expect-error without a source there is nothing to group
  defineSqlModel({ ...shared, by: ["entityType"] });
  // @ts-expect-error a view has no rows of its own, and so no units
  defineSqlModel({ ...shared, materialized: "view", forEach: "entities" });
  // @ts-expect-error a column that the source does not read
  defineSqlModel({ ...shared, sources: { entities: ref(entities, { columns: ["id"] }) }, forEach: "entities", by: ["entityType"] });
});
