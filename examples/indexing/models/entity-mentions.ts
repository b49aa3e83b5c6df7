import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { entityIdOf } from "../helpers/entity-key.ts";
import { sectionExtractions } from "./section-extractions.ts";

const table = pipelineTable(
  "indexing_entity_mentions",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    mentionNumber: integer().notNull(),
    nameId: text().notNull(),
    entityName: text().notNull(),
    entityType: text().notNull(),
    description: text(),
    aliases: json(z.array(z.string())).notNull(),
    confidence: doublePrecision().notNull(),
    quote: text().notNull(),
    /** Null where the quote is not in the document. */
    quoteStartOffset: integer(),
    quoteEndOffset: integer(),
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
    return entities.map(({ name, ...mention }, index) => ({
      documentId,
      sectionId,
      mentionNumber: index + 1,
      nameId: entityIdOf(name, mention.entityType),
      entityName: name,
      ...mention,
    }));
  },
});
