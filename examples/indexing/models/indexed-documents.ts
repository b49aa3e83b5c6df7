import { defineSqlModel, documents, ref } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { documentEntities } from "./document-entities.ts";
import { documentSections } from "./document-sections.ts";
import { sectionExtractions } from "./section-extractions.ts";

const table = pipelineTable("indexed_documents", {
  documentId: text().primaryKey(),
  path: text(),
  title: text(),
  sections: integer().notNull(),
  entities: integer().notNull(),
  mentions: integer().notNull(),
});

export const indexedDocuments = defineSqlModel({
  name: "indexing.indexed_documents",
  description: "Documents of which every section has been extracted, and how many entities they speak of",
  materialized: "view",
  table,
  sources: {
    documents: documents(),
    sections: ref(documentSections),
    extractions: ref(sectionExtractions),
    links: ref(documentEntities),
  },
  // A section whose call failed has no extraction. A document without text has no sections, and is not listed.
  sql: ({ documents, sections, extractions, links }) => sql`
    with extracted as (
      select s.document_id, count(*)::int as sections
      from ${sections} as s left join ${extractions} as x using (document_id, section_id)
      group by s.document_id having bool_and(x.section_id is not null)
    ), counted as (
      select document_id, count(*)::int as entities, sum(mention_count)::int as mentions
      from ${links} group by document_id
    )
    select d.id as document_id, d.path, d.title, e.sections, coalesce(c.entities, 0) as entities,
      coalesce(c.mentions, 0) as mentions
    from extracted as e
    join ${documents} as d on d.id = e.document_id
    left join counted as c on c.document_id = e.document_id`,
});
