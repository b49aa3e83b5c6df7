import { defineSqlModel, ref } from "millrace";
import { doublePrecision, json, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { z } from "zod";
import { claimClustering } from "./claim-clustering.ts";
import { claimClusters } from "./claim-clusters.ts";
import { entityResolution } from "./entity-resolution.ts";

const table = pipelineTable(
  "indexing_claim_links",
  {
    clusterId: text().notNull(),
    claimHash: text().notNull(),
    documentId: text().notNull(),
    sectionId: text().notNull(),
    statement: text().notNull(),
    claimType: text().notNull(),
    confidence: doublePrecision().notNull(),
    decision: text().notNull(),
    canonicalStatement: text().notNull(),
    conflictsWith: json(z.array(z.string())),
    /** Entities that the claim is about, the subject first. */
    entityIds: json(z.array(z.string())),
  },
  (column) => [primaryKey({ columns: [column.clusterId, column.claimHash] })],
);

export const claimLinks = defineSqlModel({
  name: "indexing.claim_links",
  description: "Claims with what was decided about them, and the entities that they are about",
  materialized: "view",
  table,
  sources: {
    clusters: ref(claimClusters),
    decisions: ref(claimClustering),
    resolutions: ref(entityResolution),
  },
  // A claim that nothing is decided about, since the call failed, is one of its own.
  sql: ({ clusters, decisions, resolutions }) => sql`
    with claims as (
      select distinct on (claim_hash) *
      from ${clusters}
      order by claim_hash, confidence desc, statement collate "C", section_id collate "C", claim_number
    ), linked as (
      select c.claim_hash, jsonb_agg(r.resolved_entity_id order by n.place) as entity_ids
      from claims as c
      cross join lateral jsonb_array_elements_text(c.name_ids) with ordinality as n (name_id, place)
      join ${resolutions} as r using (name_id)
      group by c.claim_hash
    )
    select c.cluster_id, c.claim_hash, c.document_id, c.section_id, c.statement, c.claim_type, c.confidence,
      coalesce(d.decision, 'CREATE_NEW') as decision, coalesce(d.canonical_statement, c.statement) as canonical_statement,
      coalesce(d.conflicts_with, '[]'::jsonb) as conflicts_with, coalesce(l.entity_ids, '[]'::jsonb) as entity_ids
    from claims as c
    left join ${decisions} as d using (cluster_id, claim_hash)
    left join linked as l using (claim_hash)`,
});
