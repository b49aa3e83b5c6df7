import { defineSqlModel, ref, relationships } from "millrace";
import { doublePrecision, integer, json, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { z } from "zod";
import { quotesOf, quotesSchema } from "../helpers/quotes-sql.ts";
import { entities } from "./entities.ts";
import { relationshipEvidence } from "./relationship-evidence.ts";

const table = pipelineTable(
  "entity_relationships",
  {
    sourceEntityId: text().notNull(),
    relationshipType: text().notNull(),
    targetEntityId: text().notNull(),
    evidenceCount: integer().notNull(),
    documentIds: json(z.array(z.string())).notNull(),
    /** The first 20; all of them are in `indexing_relationship_evidence`. */
    quotes: json(quotesSchema).notNull(),
    /** Of the best evidence. */
    confidence: doublePrecision().notNull(),
  },
  (column) => [primaryKey({ columns: [column.sourceEntityId, column.relationshipType, column.targetEntityId] })],
);

export const entityRelationships = defineSqlModel({
  name: "indexing.entity_relationships",
  description: "The edges of the graph: every relationship once, with all that speaks for it",
  materialized: "table",
  table,
  sources: { evidence: ref(relationshipEvidence) },
  forEach: "evidence",
  by: ["sourceEntityId", "relationshipType", "targetEntityId"],
  tests: [
    relationships("sourceEntityId", { to: entities, field: "entityId" }),
    relationships("targetEntityId", { to: entities, field: "entityId" }),
  ],
  sql: ({ evidence }) => sql`
    select e.source_entity_id, e.relationship_type, e.target_entity_id, count(*)::int as evidence_count,
      jsonb_agg(distinct e.document_id order by e.document_id) as document_ids, ${quotesOf("e")} as quotes,
      max(e.confidence) as confidence
    from ${evidence} as e group by 1, 2, 3`,
});
