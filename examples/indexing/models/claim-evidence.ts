import { defineSqlModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { z } from "zod";
import { claimMentions } from "./claim-mentions.ts";
import { claimResolution } from "./claim-resolution.ts";

const table = pipelineTable(
  "indexing_claim_evidence",
  {
    claimId: text().notNull(),
    documentId: text().notNull(),
    sectionId: text().notNull(),
    claimNumber: integer().notNull(),
    clusterId: text().notNull(),
    claimHash: text().notNull(),
    statement: text().notNull(),
    confidence: doublePrecision().notNull(),
    canonicalStatement: text().notNull(),
    canonicalType: text().notNull(),
    linkedEntityIds: json(z.array(z.string())),
    conflictsWithClaimIds: json(z.array(z.string())),
    quote: text().notNull(),
    quoteStartOffset: integer(),
    quoteEndOffset: integer(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.claimNumber] })],
);

export const claimEvidence = defineSqlModel({
  name: "indexing.claim_evidence",
  description: "Every statement of a claim, from every document, with the claim that it is",
  materialized: "view",
  table,
  sources: { mentions: ref(claimMentions), resolutions: ref(claimResolution) },
  sql: ({ mentions, resolutions }) => sql`
    select r.resolved_claim_id as claim_id, m.document_id, m.section_id, m.claim_number, r.cluster_id, m.claim_hash,
      m.statement, m.confidence, r.canonical_statement, r.canonical_type, r.linked_entity_ids, r.conflicts_with_claim_ids,
      m.quote, m.quote_start_offset, m.quote_end_offset
    from ${mentions} as m join ${resolutions} as r using (claim_hash)
    where r.resolved_claim_id is not null`,
});
