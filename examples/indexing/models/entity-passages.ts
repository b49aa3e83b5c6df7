import { defineSqlModel, documents, ref } from "millrace";
import { integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { documentSections } from "./document-sections.ts";
import { entities } from "./entities.ts";
import { entityEvidence } from "./entity-evidence.ts";

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
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.mentionNumber] })],
);

export const entityPassages = defineSqlModel({
  name: "indexing.entity_passages",
  description: "To search in: entity, document, section, quote",
  materialized: "view",
  table,
  sources: {
    evidence: ref(entityEvidence),
    entities: ref(entities),
    sections: ref(documentSections),
    documents: documents(),
  },
  sql: ({ evidence, entities, sections, documents }) => sql`
    select e.entity_id, n.canonical_name, n.entity_type, e.document_id, d.path, e.section_id, e.mention_number, s.heading,
      e.quote, e.quote_start_offset
    from ${evidence} as e
    join ${entities} as n using (entity_id)
    join ${sections} as s using (document_id, section_id)
    join ${documents} as d on d.id = e.document_id`,
});
