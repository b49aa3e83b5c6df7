import { createHash } from "node:crypto";
import { defineModel, documents } from "millrace";
import { integer, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { type Section, splitMarkdown } from "../helpers/split-markdown.ts";

const config = z.object({
  maxSectionChars: z.number().int().min(500).max(20_000).default(5_000),
  overlapChars: z.number().int().min(0).max(1_000).default(200),
  minSectionSize: z.number().int().min(100).max(2_000).default(500),
});

const table = pipelineTable(
  "indexing_document_sections",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    sectionNumber: integer().notNull(),
    heading: text(),
    content: text().notNull(),
    startOffset: integer().notNull(),
    endOffset: integer().notNull(),
    overlapPrefix: text(),
    overlapSuffix: text(),
    sectionHash: text().notNull(),
    documentTitle: text(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId] })],
);

export const documentSections = defineModel({
  name: "indexing.document_sections",
  description: "Documents, cut at their headings into sections of a bounded size",
  table,
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  config,
  async run({ row: document, config: options }) {
    const sections = await splitMarkdown(document.content, options);
    return withSectionIds(document.id, sections).map((section, index) => ({
      ...section,
      documentId: document.id,
      documentTitle: document.title,
      sectionNumber: index + 1,
      sectionHash: sha256(section.content),
    }));
  },
});

// The id follows the text and not its place, so that a paragraph added above leaves the ids below alone.
function withSectionIds(documentId: string, sections: readonly Section[]): (Section & { sectionId: string })[] {
  const seen = new Map<string, number>();
  return sections.map((section) => {
    const occurrence = (seen.get(section.content) ?? 0) + 1;
    seen.set(section.content, occurrence);
    return { ...section, sectionId: sha256(JSON.stringify([documentId, section.content, occurrence])).slice(0, 16) };
  });
}

const sha256 = (value: string) => createHash("sha256").update(value).digest("hex");
