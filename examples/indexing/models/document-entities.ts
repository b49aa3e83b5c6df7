import { defineSqlModel, ref, relationships } from "millrace";
import { doublePrecision, integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { entities } from "./entities.ts";
import { entityPassages } from "./entity-passages.ts";

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
  sources: {
    passages: ref(entityPassages, {
      columns: ["documentId", "entityId", "sectionId", "mentionNumber", "confidence"],
    }),
  },
  forEach: "passages",
  by: ["documentId"],
  tests: [relationships("entityId", { to: entities, field: "entityId" })],
  sql: ({ passages }) => sql`
    select document_id, entity_id, count(*)::int as mention_count, max(confidence) as confidence
    from ${passages} group by document_id, entity_id`,
});
