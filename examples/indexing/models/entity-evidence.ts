import { defineSqlModel, ref } from "millrace";
import { doublePrecision, integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { entityMentions } from "./entity-mentions.ts";
import { entityResolution } from "./entity-resolution.ts";

const table = pipelineTable(
  "indexing_entity_evidence",
  {
    entityId: text().notNull(),
    documentId: text().notNull(),
    sectionId: text().notNull(),
    mentionNumber: integer().notNull(),
    entityName: text().notNull(),
    confidence: doublePrecision().notNull(),
    quote: text().notNull(),
    quoteStartOffset: integer(),
    quoteEndOffset: integer(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.mentionNumber] })],
);

export const entityEvidence = defineSqlModel({
  name: "indexing.entity_evidence",
  description: "Every mention with the entity that is meant",
  materialized: "view",
  table,
  sources: { mentions: ref(entityMentions), resolutions: ref(entityResolution) },
  sql: ({ mentions, resolutions }) => sql`
    select r.resolved_entity_id as entity_id, m.document_id, m.section_id, m.mention_number, m.entity_name,
      m.confidence, m.quote, m.quote_start_offset, m.quote_end_offset
    from ${mentions} as m join ${resolutions} as r using (name_id)`,
});
