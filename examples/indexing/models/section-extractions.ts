import { defineModel, ref } from "millrace";
import { integer, json, llmTelemetry, pipelineTable, primaryKey, text } from "millrace/schema";
import { extractWithRules } from "../helpers/extract.ts";
import { extractWithLlm } from "../helpers/extract-with-llm.ts";
import { extractionSchema } from "../helpers/extraction.ts";
import { documentSections } from "./document-sections.ts";

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
    /** `rules`, or the language model. */
    extractor: text().notNull(),
    ...llmTelemetry(),
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
  async run({ row: section, llm }) {
    const place = {
      documentId: section.documentId,
      sectionId: section.sectionId,
      sectionNumber: section.sectionNumber,
      sectionHeading: section.heading,
    };
    // Without a configured model the rules know more than the offline one makes up.
    if (llm.isOffline) return { ...place, ...extractWithRules(section), extractor: "rules" };
    const { telemetry, ...extraction } = await extractWithLlm(section, llm);
    return { ...place, ...extraction, extractor: llm.model(), ...telemetry };
  },
});
