import { defineModel, documents } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { expect, test } from "vitest";
import { documentSections } from "../../examples/indexing/models/document-sections.ts";
import { randomMarkdown } from "./random-markdown.ts";

/** Each document's text as a model is given it. */
const texts = defineModel({
  name: "test.texts",
  table: pipelineTable("texts", { documentId: text().primaryKey(), content: text().notNull() }),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  async run({ row }) {
    return { documentId: row.id, content: row.content };
  },
});

const NAMES = [
  (i: number) => `plain ${i}.md`,
  (i: number) => `deep/${"x/".repeat(i % 9)}'quoted' "${i}".md`,
  (i: number) => `emoji 🚀 [${i}] a:b %_.md`,
  (i: number) => `cafe\u0301 ${i}.markdown`,
];

test("the sections of 500 documents of every kind, put together in order, are the documents", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 500 }, (_, i): [string, string | Uint8Array] => {
      if (i % 50 === 49) return [`broken ${i}.md`, Buffer.from([0x23, 0x20, 0xc3, 0x28])];
      const name = (NAMES[i % NAMES.length] as (typeof NAMES)[number])(i);
      const front = i % 3 === 0 ? `---\ntitle: "Document: ${i}"\ntags: [a, b]\n---\n` : "";
      return [name, i === 100 ? `# Part\n\n${"word ".repeat(200)}\n\n`.repeat(2_000) : front + randomMarkdown(i)];
    }),
  );
  await using project = await createTestProject({ models: [documentSections, texts], documents: files });
  const result = await project.project.runPipeline();
  // Two of the others begin with what is no front matter.
  const failed = { unitsDone: 488, unitsFailed: 12 };
  expect(result).toMatchObject({
    status: "partial",
    models: { "test.texts": failed, "indexing.document_sections": failed },
  });
  const [found] = await project.query(
    `select count(*)::int as texts, max(length(t.content)) as longest,
       array_agg(t.document_id) filter (where coalesce(s.whole, '') <> t.content and btrim(t.content, E' \\t\\n\\r\\uFEFF') <> '') as torn,
       count(*) filter (where s.sections <> s.last or s.first <> 1)::int as misnumbered
     from texts t left join (
       select document_id, string_agg(content, '' order by section_number) as whole, count(*) as sections,
         min(section_number) as first, max(section_number) as last
       from indexing_document_sections group by document_id) as s using (document_id)`,
  );
  expect(found).toMatchObject({ texts: 488, torn: null, misnumbered: 0 });
  expect(found?.["longest"]).toBeGreaterThan(2_000_000);
});
