import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, llmTelemetry, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import {
  bySureness,
  type ClaimDecision,
  type ClaimStatement,
  decideClaimsWithLlm,
  decideClaimsWithRules,
} from "../helpers/decide-claims.ts";
import { canAsk, withModel } from "../helpers/with-model.ts";
import { claimClusters } from "./claim-clusters.ts";

const config = z.object({
  /** `provider:model`; the project's own model unless set. */
  llmModel: z.string().optional(),
});

const table = pipelineTable(
  "indexing_claim_clustering",
  {
    clusterId: text().notNull(),
    claimHash: text().notNull(),
    documentId: text().notNull(),
    sectionId: text().notNull(),
    statementId: text().notNull(),
    statement: text().notNull(),
    claimType: text().notNull(),
    confidence: doublePrecision().notNull(),
    sourceQuote: text().notNull(),
    clusterSize: integer().notNull(),
    /** `CREATE_NEW`, or `MERGE_WITH:`, `DUPLICATE_OF:`, `CONFLICT:` and the hash of another claim of the cluster. */
    decision: text().notNull(),
    canonicalStatement: text().notNull(),
    reasoning: text().notNull(),
    /** Hashes of claims that it contradicts. */
    conflictsWith: json(z.array(z.string())).notNull(),
    ...llmTelemetry(),
  },
  (column) => [primaryKey({ columns: [column.clusterId, column.claimHash] })],
);

export const claimClustering = defineModel({
  name: "indexing.claim_clustering",
  description: "What becomes of the claims of a cluster: each a new claim, one with another, or its contradiction",
  table,
  sources: { claims: ref(claimClusters) },
  forEach: "claims",
  by: ["clusterId"],
  concurrency: 10,
  config,
  async run({ key, rows, llm, config: { llmModel } }) {
    const claims = bestOfEach(rows, ({ claimHash }) => claimHash);
    const statements = bestOfEach(claims, ({ statementId }) => statementId);
    const asks = statements.length > 1 && canAsk(llm, llmModel);
    const { decisions, telemetry } = asks
      ? await withModel(llm, llmModel, () => decideClaimsWithLlm(statements, llm))
      : { decisions: decideClaimsWithRules(statements), telemetry: undefined };
    const places = new Map(statements.map(({ statementId }, index) => [statementId, index]));
    return claims.flatMap((claim, index) => {
      const place = places.get(claim.statementId) ?? -1;
      const decision = decisions[place];
      if (decision === undefined) return [];
      const best = statements[place]?.claimHash ?? claim.claimHash;
      // One call decides about the whole cluster; its cost stands at the first claim.
      const cost = index === 0 ? telemetry : undefined;
      const { claimHash, documentId, sectionId, statementId, statement, claimType, confidence, clusterSize } = claim;
      const said = { claimHash, documentId, sectionId, statementId, statement, claimType, confidence, clusterSize };
      const decided = outcome(claimHash, best, decision, statements);
      return [{ ...key, ...said, sourceQuote: claim.quote, ...decided, ...cost }];
    });
  },
});

/** The surest of each, and these by sureness. */
function bestOfEach<Claim extends ClaimStatement>(claims: readonly Claim[], keyOf: (claim: Claim) => string): Claim[] {
  const best = new Map<string, Claim>();
  for (const claim of claims.toSorted(bySureness)) if (!best.has(keyOf(claim))) best.set(keyOf(claim), claim);
  return [...best.values()];
}

function outcome(
  claimHash: string,
  bestOfStatement: string,
  { type, target, canonicalStatement, reasoning }: ClaimDecision,
  statements: readonly ClaimStatement[],
) {
  const other = target === null ? undefined : statements[target]?.claimHash;
  const conflictsWith = type === "CONFLICT" && other !== undefined ? [other] : [];
  // The same statement in another document.
  if (claimHash !== bestOfStatement)
    return { decision: `DUPLICATE_OF:${bestOfStatement}`, canonicalStatement, reasoning, conflictsWith };
  const decision = other === undefined ? "CREATE_NEW" : `${type}:${other}`;
  return { decision, canonicalStatement, reasoning, conflictsWith };
}
