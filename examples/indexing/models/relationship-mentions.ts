import { defineModel, ref } from "millrace";
import { doublePrecision, integer, pipelineTable, primaryKey, text } from "millrace/schema";
import { entityId } from "../helpers/entity-key.ts";
import { sectionExtractions } from "./section-extractions.ts";

const table = pipelineTable(
  "indexing_relationship_mentions",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    mentionNumber: integer().notNull(),
    sourceEntityId: text().notNull(),
    sourceEntity: text().notNull(),
    relationshipType: text().notNull(),
    targetEntityId: text().notNull(),
    targetEntity: text().notNull(),
    confidence: doublePrecision().notNull(),
    quote: text().notNull(),
    quoteStartOffset: integer().notNull(),
    quoteEndOffset: integer().notNull(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.mentionNumber] })],
);

export const relationshipMentions = defineModel({
  name: "indexing.relationship_mentions",
  description: "One row per relationship and section: the evidence that it is stated there",
  table,
  sources: { extractions: ref(sectionExtractions, { columns: ["documentId", "sectionId", "relationships"] }) },
  forEach: "extractions",
  async run({ row: { documentId, sectionId, relationships } }) {
    return relationships.map(({ sourceType, targetType, ...mention }, index) => ({
      documentId,
      sectionId,
      mentionNumber: index + 1,
      sourceEntityId: entityId(mention.sourceEntity, sourceType),
      targetEntityId: entityId(mention.targetEntity, targetType),
      ...mention,
    }));
  },
});
