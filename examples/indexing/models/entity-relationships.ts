import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { byCodePoint, distinct } from "../helpers/entity-key.ts";
import { relationshipMentions } from "./relationship-mentions.ts";

const MAX_QUOTES = 20;

const quoteSchema = z.object({
  documentId: z.string(),
  sectionId: z.string(),
  quote: z.string(),
  quoteStartOffset: z.number().int(),
  quoteEndOffset: z.number().int(),
});

const table = pipelineTable(
  "indexing_entity_relationships",
  {
    sourceEntityId: text().notNull(),
    relationshipType: text().notNull(),
    targetEntityId: text().notNull(),
    evidenceCount: integer().notNull(),
    documentIds: json(z.array(z.string())).notNull(),
    /** The first 20; all of them are in `indexing_relationship_mentions`. */
    quotes: json(z.array(quoteSchema)).notNull(),
    /** Of the best evidence. */
    confidence: doublePrecision().notNull(),
  },
  (column) => [primaryKey({ columns: [column.sourceEntityId, column.relationshipType, column.targetEntityId] })],
);

export const entityRelationships = defineModel({
  name: "indexing.entity_relationships",
  description: "The edges of the graph: every relationship once, with all that speaks for it",
  table,
  sources: { mentions: ref(relationshipMentions) },
  forEach: "mentions",
  by: ["sourceEntityId", "targetEntityId", "relationshipType"],
  async run({ key, rows: mentions }) {
    const quotes = mentions.map((mention) => quoteSchema.parse(mention)).toSorted(byPlace);
    return {
      ...key,
      evidenceCount: mentions.length,
      documentIds: distinct(mentions.map((mention) => mention.documentId)),
      quotes: quotes.slice(0, MAX_QUOTES),
      confidence: Math.max(...mentions.map((mention) => mention.confidence)),
    };
  },
});

function byPlace(a: z.output<typeof quoteSchema>, b: z.output<typeof quoteSchema>): number {
  return (
    byCodePoint(a.documentId, b.documentId) ||
    a.quoteStartOffset - b.quoteStartOffset ||
    byCodePoint(a.sectionId, b.sectionId)
  );
}
