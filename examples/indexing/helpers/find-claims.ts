import type { Mentions } from "./find-entities.ts";
import type { ClaimType } from "./extraction.ts";
import type { Sentence } from "./read-sentences.ts";

export interface FoundClaim {
  readonly sentence: Sentence;
  readonly claimType: ClaimType;
  readonly entityIndices: number[];
  readonly confidence: number;
}

const MAX_CLAIMS = 20;
const MIN_WORDS = 5;
const MAX_CHARS = 500;

// The first that matches wins.
const TYPES: readonly { readonly type: ClaimType; readonly pattern: RegExp }[] = [
  {
    type: "limitation",
    pattern:
      /\b(?:cannot|can['’]t|must not|may not|not supported|does not|do not|at most|no more than|never|limited to|only)\b/i,
  },
  { type: "requirement", pattern: /\b(?:must|requires?|required|needs? to|depends? on|mandatory)\b/i },
  {
    type: "performance",
    pattern:
      /\b\d[\d,.]*\s?(?:ms|milliseconds?|seconds?|minutes?|%|percent|MB|GB|requests|rows|events)\b|\b(?:latency|throughput)\b/i,
  },
  { type: "comparison", pattern: /\b(?:than|unlike|instead of|compared (?:to|with)|whereas)\b/i },
  {
    type: "commercial",
    pattern: /[$€£]\s?\d|\b(?:prices?|priced|billed|billing plan|licen[cs]e|subscription|per seat)\b/i,
  },
  { type: "integration", pattern: /\b(?:integrates? with|connects? (?:to|with)|works? with|talks? to|syncs? with)\b/i },
  { type: "definition", pattern: /^(?:\S+\s){1,6}?(?:is|are) (?:an?|the|one of)\b/i },
  { type: "capability", pattern: /\b(?:can|allows?|lets|enables?|supports?)\b/i },
  { type: "feature", pattern: /\b(?:provides?|offers?|includes?|ships? with|comes? with|exposes?)\b/i },
];

/** Declarative sentences that say something about an entity, each typed by the words it uses. */
export function findClaims(sentences: readonly Sentence[], entities: readonly Mentions[]): FoundClaim[] {
  const claims = sentences.flatMap((sentence): FoundClaim[] => {
    if (!isDeclarative(sentence)) return [];
    const entityIndices = entitiesIn(sentence, entities);
    if (entityIndices.length === 0) return [];
    const claimType = typeOf(sentence);
    return [{ sentence, claimType, entityIndices, confidence: claimType === "explanation" ? 0.5 : 0.7 }];
  });
  const byConfidence = claims.toSorted((a, b) => b.confidence - a.confidence);
  return byConfidence.slice(0, MAX_CLAIMS).toSorted((a, b) => a.sentence.start - b.sentence.start);
}

function isDeclarative({ text, terms }: Sentence): boolean {
  return (
    terms.length >= MIN_WORDS &&
    text.length <= MAX_CHARS &&
    /[.!。]["')\]”’»]*$/.test(text) &&
    terms.some((term) => term.tags.has("Verb"))
  );
}

function typeOf({ text, terms }: Sentence): ClaimType {
  const matched = TYPES.find(({ pattern }) => pattern.test(text))?.type;
  if (matched === "limitation" || matched === "requirement") return matched;
  const isImperative = terms[0]?.tags.has("Infinitive") === true || /^(?:please|you should|we recommend)\b/i.test(text);
  return isImperative ? "instruction" : (matched ?? "explanation");
}

function entitiesIn(sentence: Sentence, entities: readonly Mentions[]): number[] {
  return entities
    .flatMap((mentions, index) => {
      const first = mentions.find((mention) => mention.start >= sentence.start && mention.end <= sentence.end);
      return first ? [{ index, start: first.start }] : [];
    })
    .toSorted((a, b) => a.start - b.start)
    .map(({ index }) => index);
}
