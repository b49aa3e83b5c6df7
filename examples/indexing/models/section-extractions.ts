import { defineModel, ref } from "millrace";
import { integer, json, llmTelemetry, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { extractWithRules } from "../helpers/extract.ts";
import { extractWithLlm } from "../helpers/extract-with-llm.ts";
import { ENTITY_TYPES, type Extraction, extractionSchema } from "../helpers/extraction.ts";
import { canAsk, withModel } from "../helpers/with-model.ts";
import { documentSections } from "./document-sections.ts";

const config = z.object({
  /** `provider:model`; the project's own model unless set. */
  llmModel: z.string().optional(),
  /** Most names that the rules found and the model is told of. */
  maxEntitiesContext: z.number().int().min(0).max(100).default(20),
});

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
    /** What the model was told of; empty when rules did the work. */
    existingEntitiesContext: json(
      z.array(z.object({ index: z.number().int(), name: z.string(), entityType: z.enum(ENTITY_TYPES) })),
    ).notNull(),
    /** Quotes that are not in the section: the model made them up. */
    quotesNotFound: integer().notNull(),
    /** `rules`, or the language model. */
    extractor: text().notNull(),
    ...llmTelemetry(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId] })],
);

export const sectionExtractions = defineModel({
  name: "indexing.section_extractions",
  description: "What each section says: entities, relationships and claims, each with its quote",
  table,
  sources: {
    sections: ref(documentSections, {
      columns: ["documentId", "sectionId", "sectionNumber", "heading", "content", "startOffset"],
    }),
  },
  forEach: "sections",
  concurrency: 10,
  config,
  async run({ row: section, llm, config: { llmModel, maxEntitiesContext } }) {
    const place = {
      documentId: section.documentId,
      sectionId: section.sectionId,
      sectionNumber: section.sectionNumber,
      sectionHeading: section.heading,
    };
    const byRules = extractWithRules(section);
    // Without a configured model the rules know more than the offline one makes up.
    if (!canAsk(llm, llmModel))
      return { ...place, ...byRules, existingEntitiesContext: [], quotesNotFound: 0, extractor: "rules" };
    const known = byRules.entities.slice(0, maxEntitiesContext);
    const existingEntitiesContext = known.map(({ name, entityType }, index) => ({ index, name, entityType }));
    return withModel(llm, llmModel, async () => {
      const { telemetry, ...extraction } = await extractWithLlm(section, existingEntitiesContext, llm);
      const quotesNotFound = countInvented(extraction);
      // What stands in the Markdown itself needs no model.
      const row = { ...place, ...extraction, metadata: byRules.metadata, existingEntitiesContext, quotesNotFound };
      return { ...row, extractor: llm.model(), ...telemetry };
    });
  },
});

function countInvented({ entities, relationships, claims }: Omit<Extraction, "metadata">): number {
  return [...entities, ...relationships, ...claims].filter(({ quoteStartOffset }) => quoteStartOffset === null).length;
}
