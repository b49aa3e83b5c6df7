import { z } from "zod";

export const ENTITY_TYPES = [
  "person",
  "place",
  "organisation",
  "product",
  "technology",
  "code",
  "resource",
  "topic",
] as const;

export const RELATIONSHIP_TYPES = [
  "mentions",
  "part_of",
  "integrates_with",
  "enables",
  "related_to",
  "depends_on",
  "requires",
  "replaces",
  "in_conflict",
  "uses",
  "provides",
  "reads",
  "supports",
  "is_a",
  "impacts",
  "evaluated_by",
  "compares_to",
  "created_by",
  "extends",
] as const;

export const CLAIM_TYPES = [
  "capability",
  "limitation",
  "definition",
  "feature",
  "instruction",
  "explanation",
  "requirement",
  "integration",
  "performance",
  "comparison",
  "commercial",
] as const;

/**
 * An exact quote: `document.slice(quoteStartOffset, quoteEndOffset) === quote`. Without offsets it is one that a model
 * made up: the document does not say so.
 */
const evidence = {
  quote: z.string(),
  quoteStartOffset: z.number().int().min(0).nullable(),
  quoteEndOffset: z.number().int().min(0).nullable(),
  confidence: z.number().min(0).max(1),
};

export const entitySchema = z.object({
  name: z.string().min(1),
  entityType: z.enum(ENTITY_TYPES),
  description: z.string().nullable(),
  aliases: z.array(z.string()),
  ...evidence,
});

/** Both ends are entities of the same extraction, named by name and type. */
export const relationshipSchema = z.object({
  sourceEntity: z.string(),
  sourceType: z.enum(ENTITY_TYPES),
  targetEntity: z.string(),
  targetType: z.enum(ENTITY_TYPES),
  relationshipType: z.enum(RELATIONSHIP_TYPES),
  ...evidence,
});

export const claimSchema = z.object({
  statement: z.string(),
  claimType: z.enum(CLAIM_TYPES),
  /** Places in this extraction's `entities`, the subject first. */
  entityIndices: z.array(z.number().int().min(0)),
  ...evidence,
});

export const metadataSchema = z.object({
  contentType: z.enum(["reference", "tutorial", "guide", "other"]),
  hasCodeExamples: z.boolean(),
  hasStepByStepProcedures: z.boolean(),
  hasNarrativeStructure: z.boolean(),
  headings: z.array(z.string()),
  links: z.array(z.object({ text: z.string(), url: z.string() })),
});

export const extractionSchema = z.object({
  metadata: metadataSchema,
  entities: z.array(entitySchema),
  relationships: z.array(relationshipSchema),
  claims: z.array(claimSchema),
});

export type EntityType = (typeof ENTITY_TYPES)[number];
export type RelationshipType = (typeof RELATIONSHIP_TYPES)[number];
export type ClaimType = (typeof CLAIM_TYPES)[number];
export type Entity = z.output<typeof entitySchema>;
export type Relationship = z.output<typeof relationshipSchema>;
export type Claim = z.output<typeof claimSchema>;
export type Extraction = z.output<typeof extractionSchema>;
