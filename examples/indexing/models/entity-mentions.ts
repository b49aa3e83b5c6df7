import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { clusterKey, entityId } from "../helpers/entity-key.ts";
import { sectionExtractions } from "./section-extractions.ts";

const table = pipelineTable(
  "indexing_entity_mentions",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    mentionNumber: integer().notNull(),
    entityName: text().notNull(),
    entityType: text().notNull(),
    clusterKey: text().notNull(),
    entityId: text().notNull(),
    description: text(),
    aliases: json(z.array(z.string())).notNull(),
    confidence: doublePrecision().notNull(),
    quote: text().notNull(),
    quoteStartOffset: integer().notNull(),
    quoteEndOffset: integer().notNull(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.mentionNumber] })],
);

export const entityMentions = defineModel({
  name: "indexing.entity_mentions",
  description: "One row per entity and section: the evidence that the entity is spoken of there",
  table,
  sources: { extractions: ref(sectionExtractions, { columns: ["documentId", "sectionId", "entities"] }) },
  forEach: "extractions",
  async run({ row: { documentId, sectionId, entities } }) {
    return entities.map(({ name, entityType, ...mention }, index) => ({
      documentId,
      sectionId,
      mentionNumber: index + 1,
      entityName: name,
      entityType,
      clusterKey: clusterKey(name, entityType),
      entityId: entityId(name, entityType),
      ...mention,
    }));
  },
});
