import { type Llm, signature, type Telemetry } from "millrace/llm";
import { z } from "zod";
import { type SectionText } from "./extract.ts";
import { CLAIM_TYPES, ENTITY_TYPES, type EntityType, type Extraction, RELATIONSHIP_TYPES } from "./extraction.ts";

const confidence = z.number().min(0).max(1).default(0.8);
const quote = z.string().describe("the exact words of the section that say so, 20 to 300 characters, not changed");

/** What a language model is asked about a section. */
export const extractKnowledge = signature({
  name: "extract_knowledge",
  instructions: [
    "Extract what a section of a document says: its entities, how they relate, and what is claimed about them.",
    "Name entities as the text does. Take only what the section states, and prove each item with a quote.",
    "A technical section has 5 to 20 claims; a short one may have none.",
  ].join("\n"),
  input: z.object({
    documentContent: z.string().describe("the section, Markdown"),
    existingEntities: z
      .array(z.object({ name: z.string(), entityType: z.string() }))
      .optional()
      .describe("entities of the document that are known already; use their names"),
  }),
  output: z.object({
    entities: z.array(
      z.object({
        name: z.string().min(1),
        entityType: z.enum(ENTITY_TYPES),
        description: z.string().nullable().default(null),
        aliases: z.array(z.string()).default([]),
        confidence,
        quote,
      }),
    ),
    relationships: z.array(
      z.object({
        sourceEntity: z.string().describe("name of an entity above"),
        targetEntity: z.string().describe("name of an entity above"),
        relationshipType: z.enum(RELATIONSHIP_TYPES),
        confidence,
        quote,
      }),
    ),
    claims: z.array(
      z.object({
        statement: z.string(),
        claimType: z.enum(CLAIM_TYPES),
        entityIndices: z.array(z.number().int().min(0)).describe("places in `entities`, the subject first"),
        confidence,
        quote,
      }),
    ),
  }),
});

export interface KnownEntity {
  readonly name: string;
  readonly entityType: EntityType;
}

/** Asks a language model. A quote that is not in the section keeps its words and has no offsets. */
export async function extractWithLlm(
  section: SectionText,
  existingEntities: readonly KnownEntity[],
  llm: Llm,
): Promise<Omit<Extraction, "metadata"> & { readonly telemetry: Telemetry }> {
  const known = existingEntities.map(({ name, entityType }) => ({ name, entityType }));
  const { output, telemetry } = await llm.predict(extractKnowledge, {
    documentContent: section.content,
    existingEntities: known,
  });
  const entities = output.entities.map((entity) => ({ ...entity, ...locate(section, entity.quote) }));
  const byName = new Map(entities.map((entity) => [entity.name, entity]));
  const relationships = output.relationships.flatMap((relationship) => {
    const [source, target] = [byName.get(relationship.sourceEntity), byName.get(relationship.targetEntity)];
    if (source === undefined || target === undefined) return [];
    const ends = { sourceType: source.entityType, targetType: target.entityType };
    return [{ ...relationship, ...ends, ...locate(section, relationship.quote) }];
  });
  const claims = output.claims.map((claim) => ({
    ...claim,
    entityIndices: claim.entityIndices.filter((index) => index < entities.length),
    ...locate(section, claim.quote),
  }));
  return { entities, relationships, claims, telemetry };
}

/** Where words stand in the document; models write spaces and line breaks as they like. */
function locate({ content, startOffset }: SectionText, words: string) {
  const pattern = words
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("\\s+");
  const match = pattern === "" ? null : new RegExp(pattern, "i").exec(content);
  if (match === null) return { quote: words, quoteStartOffset: null, quoteEndOffset: null };
  const start = startOffset + match.index;
  return { quote: match[0], quoteStartOffset: start, quoteEndOffset: start + match[0].length };
}
