import { defineModel, ref } from "millrace";
import { doublePrecision, json, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { resolveClaimDecisions } from "../helpers/resolve-claim-decisions.ts";
import { claimLinks } from "./claim-links.ts";

const table = pipelineTable(
  "indexing_claim_resolution",
  {
    clusterId: text().notNull(),
    claimHash: text().notNull(),
    documentId: text().notNull(),
    sectionId: text().notNull(),
    statement: text().notNull(),
    claimType: text().notNull(),
    confidence: doublePrecision().notNull(),
    decision: text().notNull(),
    /** Of the claim that this one is put under. */
    canonicalStatement: text().notNull(),
    canonicalType: text().notNull(),
    /** Null for a claim that is about no entity. */
    resolvedClaimId: text(),
    resolutionAction: text({ enum: ["created", "merged", "deduplicated", "skipped"] }).notNull(),
    /** Of all claims that are one, the subject first. */
    linkedEntityIds: json(z.array(z.string())).notNull(),
    conflictsWithClaimIds: json(z.array(z.string())).notNull(),
  },
  (column) => [primaryKey({ columns: [column.clusterId, column.claimHash] })],
);

export const claimResolution = defineModel({
  name: "indexing.claim_resolution",
  description: "The claim that each one is: merges and duplicates followed to their end, entities put in",
  table,
  sources: { claims: ref(claimLinks) },
  forEach: "claims",
  by: ["clusterId"],
  async run({ key, rows }) {
    return resolveClaimDecisions(rows).map((claim) => ({ ...key, ...claim }));
  },
});
