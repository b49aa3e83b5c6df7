import { defineModel, ref } from "millrace";
import { integer, json, pipelineTable, primaryKey, text } from "millrace/schema";
import { type Extractor, extractWithRules } from "../helpers/extract.ts";
import { extractionSchema } from "../helpers/extraction.ts";
import { documentSections } from "./document-sections.ts";

// What fills the table, and what the column `extractor` says about it.
const extractor: { readonly name: string; readonly extract: Extractor } = { name: "rules", extract: extractWithRules };

const table = pipelineTable(
  "indexing_section_extractions",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    sectionNumber: integer().notNull(),
    sectionHeading: text(),
    metadata: json(extractionSchema.shape.metadata).notNull(),
    entities: json(extractionSchema.shape.entities).notNull(),
    relationships: json(extractionSchema.shape.relationships).notNull(),
    claims: json(extractionSchema.shape.claims).notNull(),
    extractor: text().notNull(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId] })],
);

export const sectionExtractions = defineModel({
  name: "indexing.section_extractions",
  description: "What each section says: entities, relationships and claims, each with its exact quote",
  table,
  sources: {
    sections: ref(documentSections, {
      columns: ["documentId", "sectionId", "sectionNumber", "heading", "content", "startOffset"],
    }),
  },
  forEach: "sections",
  async run({ row: section }) {
    return {
      documentId: section.documentId,
      sectionId: section.sectionId,
      sectionNumber: section.sectionNumber,
      sectionHeading: section.heading,
      ...(await extractor.extract(section)),
      extractor: extractor.name,
    };
  },
});
