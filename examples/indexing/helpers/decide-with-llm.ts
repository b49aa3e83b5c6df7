import { type Llm, signature, type Telemetry } from "millrace/llm";
import { z } from "zod";
import {
  type CandidateName,
  CREATE_NEW,
  decideWithRules,
  type EntityDecision,
  mergeWith,
} from "./decide-with-rules.ts";

/** What a language model is asked about names that are near each other. */
export const resolveEntities = signature({
  name: "resolve_entities",
  instructions: [
    "Decide which of these names mean one and the same thing. Names that are only related stay apart.",
    "CREATE_NEW: a thing of its own, or the name that the others of this thing are merged with.",
    "MERGE_WITH_PEER: the same as another name of the list; target_index is its place in `names`.",
    "LINK_TO_EXISTING: the same as a name in `existing`; target_index is its place there.",
    "canonical_name is the name by which the thing is best known, as one of its names spells it.",
  ].join("\n"),
  input: z.object({
    names: z.array(z.object({ name: z.string(), type: z.string(), description: z.string().nullable() })),
    existing: z.array(z.object({ name: z.string() })),
  }),
  output: z.object({
    resolutions: z.array(
      z.object({
        entityIndex: z.number().int(),
        decisionType: z.enum(["CREATE_NEW", "MERGE_WITH_PEER", "LINK_TO_EXISTING"]),
        targetIndex: z.number().int().nullable().default(null),
        canonicalName: z.string().default(""),
        reasoning: z.string().default(""),
      }),
    ),
  }),
});

// A longer list is not read with care; rules decide about it.
const MAX_NAMES = 40;

/** Asks about a cluster. What the answer leaves out, or points to nothing with, becomes an entity of its own. */
export async function decideWithLlm(
  names: readonly CandidateName[],
  llm: Llm,
): Promise<{ readonly decisions: EntityDecision[]; readonly telemetry: Telemetry | undefined }> {
  if (names.length > MAX_NAMES) return { decisions: decideWithRules(names), telemetry: undefined };
  const own = new Set(names.map(({ nameId }) => nameId));
  const similar = new Map(
    names.flatMap(({ similarExisting }) => similarExisting.map((name) => [name.nameId, name] as const)),
  );
  const existing = [...similar.values()].filter(({ nameId }) => !own.has(nameId));
  const { output, telemetry } = await llm.predict(resolveEntities, {
    names: names.map((name) => ({ name: name.entityName, type: name.entityType, description: name.description })),
    existing: existing.map(({ entityName }) => ({ name: entityName })),
  });
  const answers = new Map(output.resolutions.toReversed().map((answer) => [answer.entityIndex, answer]));
  const decisions = names.map(({ entityName }, index): EntityDecision => {
    const answer = answers.get(index);
    if (answer === undefined) {
      return { decision: CREATE_NEW, canonicalName: entityName, reasoning: "The answer does not mention it." };
    }
    const { decisionType, reasoning } = answer;
    const canonicalName = answer.canonicalName.trim() || entityName;
    const target = answer.targetIndex ?? -1;
    const peer = decisionType === "MERGE_WITH_PEER" && target !== index ? names[target] : undefined;
    if (peer !== undefined) return { decision: mergeWith(peer.entityName), canonicalName, reasoning };
    const other = decisionType === "LINK_TO_EXISTING" ? existing[target] : undefined;
    return { decision: other?.nameId ?? CREATE_NEW, canonicalName, reasoning };
  });
  return { decisions, telemetry };
}
