import { defineSqlModel, ref } from "millrace";
import { boolean, doublePrecision, integer, json, pipelineTable, sql, text } from "millrace/schema";
import { z } from "zod";
import { quotesOf, quotesSchema, surestFirst } from "../helpers/quotes-sql.ts";
import { claimEvidence } from "./claim-evidence.ts";

const table = pipelineTable("claims", {
  claimId: text().primaryKey(),
  statement: text().notNull(),
  claimType: text().notNull(),
  subjectEntityId: text().notNull(),
  /** Of the surest statement. */
  confidence: doublePrecision().notNull(),
  evidenceCount: integer().notNull(),
  documentIds: json(z.array(z.string())).notNull(),
  /** The first 20; all of them are in `indexing_claim_evidence`. */
  quotes: json(quotesSchema).notNull(),
  isContradicted: boolean().notNull(),
  conflictsWith: json(z.array(z.string())).notNull(),
});

export const claims = defineSqlModel({
  name: "indexing.claims",
  description: "Every claim once, with its evidence from every document and the claims that contradict it",
  materialized: "table",
  table,
  sources: { evidence: ref(claimEvidence) },
  forEach: "evidence",
  by: ["claimId"],
  sql: ({ evidence }) => sql`
    with stated as (
      select distinct on (claim_id) claim_id, canonical_statement, canonical_type, linked_entity_ids ->> 0 as subject
      from ${evidence} order by claim_id, ${surestFirst}
    ), opponents as (
      select e.claim_id, jsonb_agg(distinct o.claim_id order by o.claim_id) as conflicts_with
      from ${evidence} as e cross join lateral jsonb_array_elements_text(e.conflicts_with_claim_ids) as o (claim_id)
      group by e.claim_id
    ), proven as (
      select e.claim_id, max(e.confidence) as confidence, count(*)::int as evidence_count,
        jsonb_agg(distinct e.document_id order by e.document_id) as document_ids, ${quotesOf("e")} as quotes
      from ${evidence} as e group by e.claim_id
    )
    select s.claim_id, s.canonical_statement as statement, s.canonical_type as claim_type, s.subject as subject_entity_id,
      p.confidence, p.evidence_count, p.document_ids, p.quotes, o.claim_id is not null as is_contradicted,
      coalesce(o.conflicts_with, '[]'::jsonb) as conflicts_with
    from stated as s join proven as p using (claim_id) left join opponents as o using (claim_id)`,
});
