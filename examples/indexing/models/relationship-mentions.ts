import { defineModel, ref } from "millrace";
import { doublePrecision, integer, pipelineTable, primaryKey, text } from "millrace/schema";
import { entityIdOf } from "../helpers/entity-key.ts";
import { sectionExtractions } from "./section-extractions.ts";

const table = pipelineTable(
  "indexing_relationship_mentions",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    mentionNumber: integer().notNull(),
    sourceNameId: text().notNull(),
    sourceEntity: text().notNull(),
    relationshipType: text().notNull(),
    targetNameId: text().notNull(),
    targetEntity: text().notNull(),
    confidence: doublePrecision().notNull(),
    quote: text().notNull(),
    /** Null where the quote is not in the document. */
    quoteStartOffset: integer(),
    quoteEndOffset: integer(),
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
      sourceNameId: entityIdOf(mention.sourceEntity, sourceType),
      targetNameId: entityIdOf(mention.targetEntity, targetType),
      ...mention,
    }));
  },
});
