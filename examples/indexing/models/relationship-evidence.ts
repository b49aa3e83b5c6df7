import { defineSqlModel, ref } from "millrace";
import { doublePrecision, integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { entityResolution } from "./entity-resolution.ts";
import { relationshipMentions } from "./relationship-mentions.ts";

const table = pipelineTable(
  "indexing_relationship_evidence",
  {
    sourceEntityId: text().notNull(),
    relationshipType: text().notNull(),
    targetEntityId: text().notNull(),
    documentId: text().notNull(),
    sectionId: text().notNull(),
    mentionNumber: integer().notNull(),
    confidence: doublePrecision().notNull(),
    quote: text().notNull(),
    quoteStartOffset: integer(),
    quoteEndOffset: integer(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.mentionNumber] })],
);

export const relationshipEvidence = defineSqlModel({
  name: "indexing.relationship_evidence",
  description: "Every statement of a relationship with the entities at its ends",
  materialized: "view",
  table,
  sources: { mentions: ref(relationshipMentions), resolutions: ref(entityResolution) },
  // Two names of one entity say nothing about each other.
  sql: ({ mentions, resolutions }) => sql`
    select s.resolved_entity_id as source_entity_id, m.relationship_type, t.resolved_entity_id as target_entity_id,
      m.document_id, m.section_id, m.mention_number, m.confidence, m.quote, m.quote_start_offset, m.quote_end_offset
    from ${mentions} as m
    join ${resolutions} as s on s.name_id = m.source_name_id
    join ${resolutions} as t on t.name_id = m.target_name_id
    where s.resolved_entity_id <> t.resolved_entity_id`,
});
