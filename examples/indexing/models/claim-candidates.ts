import { defineSqlModel, ref } from "millrace";
import { doublePrecision, integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { claimClusters } from "./claim-clusters.ts";
import { claimMentions } from "./claim-mentions.ts";

const table = pipelineTable(
  "indexing_claim_candidates",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    claimNumber: integer().notNull(),
    clusterId: text().notNull(),
    clusterSize: integer().notNull(),
    claimHash: text().notNull(),
    statementId: text().notNull(),
    statement: text().notNull(),
    claimType: text().notNull(),
    confidence: doublePrecision().notNull(),
    quote: text().notNull(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.claimNumber] })],
);

export const claimCandidates = defineSqlModel({
  name: "indexing.claim_candidates",
  description: "Claims with their cluster: what is known when it is decided which of them are one",
  materialized: "view",
  table,
  sources: { claims: ref(claimMentions), clusters: ref(claimClusters) },
  sql: ({ claims, clusters }) => sql`
    select m.document_id, m.section_id, m.claim_number, c.cluster_id, c.cluster_size, m.claim_hash, m.statement_id,
      m.statement, m.claim_type, m.confidence, m.quote
    from ${claims} as m join ${clusters} as c using (statement_id)`,
});
