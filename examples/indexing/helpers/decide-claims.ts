import { type Llm, signature, type Telemetry } from "millrace/llm";
import { z } from "zod";
import { byCodePoint } from "./entity-key.ts";

/** One statement of a cluster, with the best of the claims that state it. */
export interface ClaimStatement {
  readonly claimHash: string;
  readonly statementId: string;
  readonly statement: string;
  readonly confidence: number;
}

export const CLAIM_DECISIONS = ["CREATE_NEW", "MERGE_WITH", "DUPLICATE_OF", "CONFLICT"] as const;

/** What becomes of a statement; `target` is the place of another one in the list. */
export interface ClaimDecision {
  readonly type: (typeof CLAIM_DECISIONS)[number];
  readonly target: number | null;
  readonly canonicalStatement: string;
  readonly reasoning: string;
}

/** What a language model is asked about statements that are near each other. */
export const resolveClaims = signature({
  name: "resolve_claims",
  instructions: [
    "Decide which of these statements make the same claim.",
    "CREATE_NEW: a claim of its own, or the statement that the others of this claim are put under.",
    "DUPLICATE_OF: says the same as another statement. MERGE_WITH: says the same and adds to it.",
    "CONFLICT: contradicts another statement; both cannot be true. target_index is the place of the other one.",
    "canonical_statement is the claim in one sentence, without anything that the statements do not say.",
  ].join("\n"),
  input: z.object({ statements: z.array(z.string()) }),
  output: z.object({
    resolutions: z.array(
      z.object({
        claimIndex: z.number().int(),
        decisionType: z.enum(CLAIM_DECISIONS),
        targetIndex: z.number().int().nullable().default(null),
        canonicalStatement: z.string().default(""),
        reasoning: z.string().default(""),
      }),
    ),
  }),
});

/** The surest statement first, as the one that may stand for the others. */
export function bySureness(a: ClaimStatement, b: ClaimStatement): number {
  return b.confidence - a.confidence || byCodePoint(a.statement, b.statement) || byCodePoint(a.claimHash, b.claimHash);
}

/** The surest statement is the claim, all others repeat it. */
export function decideClaimsWithRules([first, ...others]: readonly ClaimStatement[]): ClaimDecision[] {
  if (first === undefined) return [];
  const canonicalStatement = first.statement;
  return [
    { type: "CREATE_NEW", target: null, canonicalStatement, reasoning: "The surest statement of its cluster." },
    ...others.map((): ClaimDecision => {
      return { type: "DUPLICATE_OF", target: 0, canonicalStatement, reasoning: "Nearly the same words." };
    }),
  ];
}

// A longer list is not read with care; rules decide about it.
const MAX_STATEMENTS = 40;

/** Asks about a cluster. What the answer leaves out, or points to nothing with, is a claim of its own. */
export async function decideClaimsWithLlm(
  statements: readonly ClaimStatement[],
  llm: Llm,
): Promise<{ readonly decisions: ClaimDecision[]; readonly telemetry: Telemetry | undefined }> {
  if (statements.length > MAX_STATEMENTS) return { decisions: decideClaimsWithRules(statements), telemetry: undefined };
  const { output, telemetry } = await llm.predict(resolveClaims, {
    statements: statements.map(({ statement }) => statement),
  });
  const answers = new Map(output.resolutions.toReversed().map((answer) => [answer.claimIndex, answer]));
  const decisions = statements.map(({ statement }, index): ClaimDecision => {
    const answer = answers.get(index);
    const target = answer?.targetIndex ?? -1;
    const pointsToOther = target !== index && statements[target] !== undefined;
    const canonicalStatement = answer?.canonicalStatement.trim() || statement;
    const reasoning = answer?.reasoning ?? "The answer does not mention it.";
    if (answer === undefined || answer.decisionType === "CREATE_NEW" || !pointsToOther)
      return { type: "CREATE_NEW", target: null, canonicalStatement, reasoning };
    return { type: answer.decisionType, target, canonicalStatement, reasoning };
  });
  return { decisions, telemetry };
}
