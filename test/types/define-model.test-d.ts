import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineModel, documents, ref } from "millrace";
import { offlineLlm } from "millrace/testing";
import { integer, json, pipelineTable, primaryKey, text } from "millrace/schema";

const sections = pipelineTable(
  "type_sections",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    sectionNumber: integer().notNull(),
    heading: text(),
    content: text().notNull(),
    tags: json(z.array(z.string())),
  },
  (t) => [primaryKey({ columns: [t.documentId, t.sectionId] })],
);
const section = { documentId: "d", sectionId: "s", sectionNumber: 1, content: "" };

const documentSections = defineModel({
  name: "types.sections",
  table: sections,
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  config: z.object({ maxChars: z.number().default(10) }),
  async run({ row, config }) {
    expectTypeOf(row.content).toEqualTypeOf<string>();
    expectTypeOf(row.title).toEqualTypeOf<string | null>();
    expectTypeOf(config).toEqualTypeOf<{ maxChars: number }>();
    return [{ ...section, documentId: row.id, tags: ["a"] }];
  },
});

test("a row model gets the columns it asked for, and only those", () => {
  defineModel({
    name: "types.row",
    table: pipelineTable("type_row", { documentId: text().primaryKey() }),
    sources: { sections: ref(documentSections, { columns: ["documentId", "content"], where: { heading: null } }), raw: "some_table" },
    forEach: "sections",
    async run({ row, sources }) {
      expectTypeOf(row).toEqualTypeOf<{ documentId: string; content: string }>();
      expectTypeOf(await sources.raw.rows()).toEqualTypeOf<readonly Record<string, unknown>[]>();
      // @ts-expect-error the heading was not asked for
      row.heading;
      // @ts-expect-error the iterated source is `row`
      sources.sections;
      return { documentId: row.documentId };
    },
  });
});

test("a group model gets its key and its rows", () => {
  defineModel({
    name: "types.group",
    table: pipelineTable("type_group", { heading: text(), count: integer().notNull() }),
    sources: { sections: ref(documentSections) },
    forEach: "sections",
    by: ["heading"],
    async run(args) {
      const { key, rows } = args;
      expectTypeOf(key).toEqualTypeOf<{ readonly heading: string | null }>();
      expectTypeOf(rows[0]?.sectionNumber).toEqualTypeOf<number | undefined>();
      // @ts-expect-error a group has rows, not a row
      args.row;
      return { heading: key.heading, count: rows.length };
    },
  });
  defineModel({
    name: "types.group",
    table: sections,
    sources: { sections: ref(documentSections) },
    forEach: "sections",
    // @ts-expect-error no such column to group by
    by: ["headline"],
    async run() {
      return null;
    },
  });
});

test("a table model gets sources and a writer of its own rows", () => {
  defineModel({
    name: "types.table",
    table: sections,
    sources: { input: ref(documentSections), legacy: "legacy_table" },
    async run({ sources, writer }) {
      for await (const row of sources.input) {
        expectTypeOf(row.tags).toEqualTypeOf<string[] | null>();
        await writer.write({ ...section, documentId: row.documentId });
        await writer.write([{ ...section, error: "note" }]);
        // @ts-expect-error wrong type
        await writer.write({ ...section, documentId: 1 });
        // @ts-expect-error unknown column
        await writer.write({ ...section, contnt: "" });
        // @ts-expect-error base columns are Millrace's
        await writer.write({ ...section, workflowId: "x" });
      }
      // @ts-expect-error no such source
      sources.nope;
      return writer.receipt();
    },
  });
});

test("what a model returns must fit its table", () => {
  const shared = { name: "types.wrong", table: sections, sources: { s: ref(documentSections) }, forEach: "s" } as const;
  defineModel({ ...shared, async run({ row }) { return [row, { ...row, sectionId: "2" }]; } });
  defineModel({ ...shared, async run() { return null; } });
  // @ts-expect-error wrong type of a column
  defineModel({ ...shared, async run({ row }) { return { ...row, content: 3 }; } });
  // @ts-expect-error columns are missing
  defineModel({ ...shared, async run({ row }) { return { documentId: row.documentId }; } });
  // @ts-expect-error a column that the table does not have
  defineModel({ ...shared, async run({ row }) { return { ...row, contnt: "typo" }; } });
  // @ts-expect-error json(schema) columns are typed by their schema
  defineModel({ ...shared, async run({ row }) { return { ...row, tags: [1] }; } });
  // @ts-expect-error nothing at all is not an answer; null is
  defineModel({ ...shared, async run() {} });
});

test("sources, columns and filters are checked against the upstream table", () => {
  ref(documentSections, { where: { documentId: (context) => context.documentIds, sectionNumber: [1, 2] } });
  ref(documentSections, { where: (context) => ({ heading: context.runId }) });
  ref(documentSections, { match: { documentId: "documentId" } });
  ref("any_table", { columns: ["whatever"], where: { whatever: 1 } });
  // @ts-expect-error no such column
  ref(documentSections, { columns: ["body"] });
  // @ts-expect-error no such column in where
  ref(documentSections, { where: { body: "x" } });
  // @ts-expect-error wrong value in where
  ref(documentSections, { where: { sectionNumber: "1" } });
  // @ts-expect-error no such column in match
  ref(documentSections, { match: { body: "documentId" } });
  // @ts-expect-error not a model
  ref({ name: "x" });
  // @ts-expect-error forEach must be one of the sources
  defineModel({ name: "a", table: sections, sources: { s: ref(documentSections) }, forEach: "zz", async run() { return null; } });
  // @ts-expect-error no such write strategy
  defineModel({ name: "a", table: sections, writeStrategy: "upsert", sources: { s: ref(documentSections) }, forEach: "s", async run() { return null; } });
  defineModel({
    name: "a",
    table: sections,
    sources: { documents: documents() },
    forEach: "documents",
    async run({ row }) {
      // @ts-expect-error content was not asked for
      row.content;
      return null;
    },
  });
});

test("a model can be called directly with fakes", async () => {
  const result = documentSections.run({
    row: { id: "1", title: null, path: null, sourceUrl: "u", contentType: "text/plain", contentHash: "", metadata: {}, content: "" },
    sources: {},
    config: { maxChars: 1 },
    context: { runId: "r", mode: "full", filters: {}, documentIds: [], metadata: {} },
    signal: new AbortController().signal,
    llm: offlineLlm(),
  });
  expectTypeOf(result).resolves.toMatchTypeOf<readonly { documentId: string }[]>();
  // @ts-expect-error the row lacks its columns
  void documentSections.run({ row: {} });
});
