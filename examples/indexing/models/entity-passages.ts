import { defineSqlModel, documents, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { z } from "zod";
import { documentSections } from "./document-sections.ts";
import { entityMentions } from "./entity-mentions.ts";
import { entityResolution } from "./entity-resolution.ts";

const table = pipelineTable(
  "entity_passages",
  {
    entityId: text().notNull(),
    canonicalName: text().notNull(),
    entityType: text().notNull(),
    documentId: text().notNull(),
    path: text(),
    sectionId: text().notNull(),
    mentionNumber: integer().notNull(),
    heading: text(),
    quote: text().notNull(),
    quoteStartOffset: integer(),
    quoteEndOffset: integer(),
    nameId: text().notNull(),
    entityName: text().notNull(),
    aliases: json(z.array(z.string())),
    description: text(),
    confidence: doublePrecision().notNull(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.mentionNumber] })],
);

export const entityPassages = defineSqlModel({
  name: "indexing.entity_passages",
  description: "Every mention with the entity that is meant, and where it stands; also to search in",
  materialized: "view",
  table,
  sources: {
    mentions: ref(entityMentions),
    resolutions: ref(entityResolution),
    sections: ref(documentSections),
    documents: documents(),
  },
  // Who asks for neither heading nor path does not pay for the outer joins.
  sql: ({ mentions, resolutions, sections, documents }) => sql`
    select r.resolved_entity_id as entity_id, r.canonical_name, r.entity_type, m.document_id, d.path, m.section_id,
      m.mention_number, s.heading, m.quote, m.quote_start_offset, m.quote_end_offset, m.name_id, m.entity_name, m.aliases,
      m.description, m.confidence
    from ${mentions} as m
    join ${resolutions} as r using (name_id)
    left join ${sections} as s using (document_id, section_id)
    left join ${documents} as d on d.id = m.document_id`,
});
