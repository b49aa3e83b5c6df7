import { expectTypeOf, test } from "vitest";
import { defineConfig, type DocumentFilters, openProject } from "millrace";
import { sql } from "millrace/schema";

test("a document filter is a function of its value, or one with what help says", () => {
  defineConfig({
    documentFilters: {
      "with-topic": (topic) => {
        expectTypeOf(topic).toEqualTypeOf<string>();
        return sql`select document_id from topics where topic = ${topic}`;
      },
      "with-entity": {
        description: "Only documents that speak of this entity",
        valueHint: "type:name",
        select: (entity) => sql`select document_id from entities where name = ${entity}`,
      },
    },
  });
  // @ts-expect-error text is no query
  defineConfig({ documentFilters: { "with-topic": () => "select id" } });
  // @ts-expect-error a filter without its query
  defineConfig({ documentFilters: { "with-topic": { description: "by topic" } } });
  // @ts-expect-error an option that does not exist
  defineConfig({ documentFilter: {} });
});

test("a run takes filters that the project declares, and refuses misspelled ones of Millrace", async () => {
  await using project = await openProject();
  await project.runPipeline("notes", { filters: { "with-topic": "tides", limit: 3 } });
  // @ts-expect-error the value of a declared filter is text
  await project.plan("notes", { filters: { "with-topic": 3 } });
  // @ts-expect-error `includePattern`
  await project.documents.list({ filters: { includePatern: "a" } });
  expectTypeOf<DocumentFilters["with-topic"]>().toEqualTypeOf<string>();
});
