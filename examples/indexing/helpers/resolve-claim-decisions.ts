import { statementIdOf } from "./claim-key.ts";
import { byCodePoint } from "./entity-key.ts";
import { followTargets } from "./follow-targets.ts";

export interface DecidedClaim {
  readonly claimHash: string;
  readonly documentId: string;
  readonly sectionId: string;
  readonly statement: string;
  readonly claimType: string;
  readonly confidence: number;
  readonly decision: string;
  readonly canonicalStatement: string;
  readonly conflictsWith: readonly string[] | null;
  readonly entityIds: readonly string[] | null;
}

/** Puts claims of a cluster under the ones they end at. A claim that contradicts another stays one of its own. */
export function resolveClaimDecisions(given: readonly DecidedClaim[]) {
  const claims = given.toSorted((a, b) => b.confidence - a.confidence || byCodePoint(a.claimHash, b.claimHash));
  const byHash = new Map(claims.map((claim) => [claim.claimHash, claim]));
  const targetOf = ({ decision }: DecidedClaim) => {
    const [, hash] = /^(?:MERGE_WITH|DUPLICATE_OF):(.+)$/.exec(decision) ?? [];
    return hash === undefined ? undefined : byHash.get(hash);
  };
  const ends = followTargets(claims, targetOf, ([first]) => first as DecidedClaim);
  const rootOf = (claim: DecidedClaim) => ends.get(claim)?.root ?? claim;
  const entities = new Map<DecidedClaim, Set<string>>();
  // The subject is that of the claim that stands for the others.
  for (const claim of [...claims].sort((a, b) => Number(rootOf(b) === b) - Number(rootOf(a) === a))) {
    const known = entities.get(rootOf(claim)) ?? new Set();
    for (const id of claim.entityIds ?? []) known.add(id);
    entities.set(rootOf(claim), known);
  }
  const statementOf = (root: DecidedClaim) =>
    ends.get(root)?.isCycle === true ? root.statement : root.canonicalStatement;
  const idOf = (root: DecidedClaim) =>
    (entities.get(root)?.size ?? 0) === 0 ? null : statementIdOf(statementOf(root));
  const opponents = new Map<string, Set<string>>();
  const oppose = (id: string, other: string) => opponents.set(id, (opponents.get(id) ?? new Set()).add(other));
  for (const claim of claims) {
    const id = idOf(rootOf(claim));
    for (const hash of claim.conflictsWith ?? []) {
      const opponent = byHash.get(hash);
      const other = opponent === undefined ? null : idOf(rootOf(opponent));
      if (id === null || other === null || id === other) continue;
      oppose(id, other);
      oppose(other, id);
    }
  }
  return claims.map((claim) => {
    const root = rootOf(claim);
    const resolvedClaimId = idOf(root);
    return {
      claimHash: claim.claimHash,
      documentId: claim.documentId,
      sectionId: claim.sectionId,
      statement: claim.statement,
      claimType: claim.claimType,
      confidence: claim.confidence,
      decision: claim.decision,
      canonicalStatement: statementOf(root),
      canonicalType: root.claimType,
      resolvedClaimId,
      resolutionAction: actionOf(claim, root, resolvedClaimId),
      linkedEntityIds: [...(entities.get(root) ?? [])],
      conflictsWithClaimIds: [...(resolvedClaimId === null ? [] : (opponents.get(resolvedClaimId) ?? []))],
    };
  });
}

function actionOf(
  claim: DecidedClaim,
  root: DecidedClaim,
  id: string | null,
): "created" | "merged" | "deduplicated" | "skipped" {
  if (id === null) return "skipped";
  if (claim === root) return "created";
  return claim.decision.startsWith("MERGE_WITH:") ? "merged" : "deduplicated";
}
