import { defineSqlModel, ref, relationships } from "millrace";
import { doublePrecision, integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { entities } from "./entities.ts";
import { entityEvidence } from "./entity-evidence.ts";

const table = pipelineTable(
  "document_entities",
  {
    documentId: text().notNull(),
    entityId: text().notNull(),
    mentionCount: integer().notNull(),
    /** Of the best mention. */
    confidence: doublePrecision().notNull(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.entityId] })],
);

export const documentEntities = defineSqlModel({
  name: "indexing.document_entities",
  description: "Which document speaks of which entity, and how often",
  materialized: "table",
  table,
  sources: { evidence: ref(entityEvidence) },
  tests: [relationships("entityId", { to: entities, field: "entityId" })],
  sql: ({ evidence }) => sql`
    select document_id, entity_id, count(*)::int as mention_count, max(confidence) as confidence
    from ${evidence} group by document_id, entity_id`,
});
