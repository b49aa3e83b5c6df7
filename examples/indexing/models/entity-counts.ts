import { defineSqlModel, ref } from "millrace";
import { integer, pipelineTable, sql, text } from "millrace/schema";
import { documentEntities } from "./document-entities.ts";

export const entityCounts = defineSqlModel({
  name: "indexing.entity_counts",
  description: "How many entities each document speaks of, and how often",
  materialized: "view",
  table: pipelineTable("entity_counts", {
    documentId: text().primaryKey(),
    entities: integer().notNull(),
    mentions: integer().notNull(),
  }),
  sources: { links: ref(documentEntities) },
  sql: ({ links }) => sql`
    select document_id, count(*)::int as entities, sum(mention_count)::int as mentions
    from ${links} group by document_id`,
});
