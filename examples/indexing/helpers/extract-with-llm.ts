import { type Llm, signature, type Telemetry } from "millrace/llm";
import { z } from "zod";
import { CLAIM_TYPES, ENTITY_TYPES, type Extraction, RELATIONSHIP_TYPES } from "./extraction.ts";
import { extractWithRules, type SectionText } from "./extract.ts";

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

/** Asks a language model. What it cannot prove with words of the section is left out. */
export async function extractWithLlm(
  section: SectionText,
  llm: Llm,
): Promise<Extraction & { readonly telemetry: Telemetry }> {
  const { output, telemetry } = await llm.predict(extractKnowledge, { documentContent: section.content });
  const proven = output.entities.map((entity) => {
    const found = locate(section, entity.quote) ?? locate(section, entity.name);
    return found === undefined ? undefined : { ...entity, ...found };
  });
  const entities = proven.filter((entity) => entity !== undefined);
  const byName = new Map(entities.map((entity) => [entity.name, entity]));
  const places = new Map(entities.map((entity, index) => [proven.indexOf(entity), index]));
  const relationships = output.relationships.flatMap((relationship) => {
    const [source, target] = [byName.get(relationship.sourceEntity), byName.get(relationship.targetEntity)];
    const found = locate(section, relationship.quote);
    if (source === undefined || target === undefined || found === undefined) return [];
    return [{ ...relationship, sourceType: source.entityType, targetType: target.entityType, ...found }];
  });
  const claims = output.claims.flatMap((claim) => {
    const found = locate(section, claim.quote);
    if (found === undefined) return [];
    const entityIndices = claim.entityIndices.flatMap((index) => places.get(index) ?? []);
    return [{ ...claim, entityIndices, ...found }];
  });
  // What stands in the Markdown itself needs no model.
  const { metadata } = extractWithRules(section);
  return { metadata, entities, relationships, claims, telemetry };
}

/** Where words stand in the document; models write spaces and line breaks as they like. */
function locate({ content, startOffset }: SectionText, words: string) {
  const pattern = words
    .trim()
    .split(/\s+/)
    .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join("\\s+");
  const match = pattern === "" ? null : new RegExp(pattern, "i").exec(content);
  if (match === null) return undefined;
  const start = startOffset + match.index;
  return { quote: match[0], quoteStartOffset: start, quoteEndOffset: start + match[0].length };
}
