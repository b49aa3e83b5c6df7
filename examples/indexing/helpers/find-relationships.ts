import { inReadingOrder, type Mentions } from "./find-entities.ts";
import type { Mention } from "./find-names.ts";
import type { RelationshipType } from "./extraction.ts";
import type { Sentence } from "./read-sentences.ts";

/** A relationship between two entities, by their places in the list of entities. */
export interface FoundRelationship {
  readonly source: number;
  readonly target: number;
  readonly relationshipType: RelationshipType;
  readonly sentence: Sentence;
  readonly confidence: number;
}

interface VerbPattern {
  readonly type: RelationshipType;
  readonly pattern: RegExp;
  /** "A is used by B" says that B uses A. */
  readonly isPassive?: true;
}

const MAX_RELATIONSHIPS = 30;
const MAX_WORDS_BETWEEN = 110;
const NEGATION = /\b(?:not|never|no longer|without|cannot|neither)\b|n['’]t\b/i;
const ENUMERATION = /^\s*(?:,|,?\s*(?:and|or)|&|\/)\s*(?:the|a|an|its)?\s*$/i;
// "A uses B and provides C", "A uses B, and it provides C": the subject is still A.
const SAME_SUBJECT = /^\s*[,;]?\s*(?:and|but|it)\b/i;
const TYPES_IN_RELATIONSHIPS = new Set(["person", "place", "organisation", "product", "technology", "code"]);

// The first that matches wins, so passive and longer phrases stand before the verbs they contain.
const VERBS: readonly VerbPattern[] = [
  {
    type: "created_by",
    pattern: /\b(?:written|created|built|made|maintained|developed|designed|founded|run|owned) by\b/i,
  },
  { type: "uses", pattern: /\bused by\b/i, isPassive: true },
  { type: "replaces", pattern: /\b(?:replaced|superseded) by\b/i, isPassive: true },
  { type: "provides", pattern: /\b(?:provided|offered|exposed|shipped) by\b/i, isPassive: true },
  { type: "requires", pattern: /\brequired by\b/i, isPassive: true },
  { type: "reads", pattern: /\b(?:read|consumed) by\b/i, isPassive: true },
  { type: "supports", pattern: /\bsupported by\b/i, isPassive: true },
  { type: "extends", pattern: /\bextended by\b/i, isPassive: true },
  { type: "depends_on", pattern: /\b(?:depends? (?:up)?on|rel(?:y|ies) on|builds? on|built on)\b/i },
  {
    type: "integrates_with",
    pattern: /\b(?:integrat(?:es?|ion) with|connects? (?:to|with)|works? with|talks? to|syncs? with)\b/i,
  },
  { type: "replaces", pattern: /\b(?:replaces?|supersedes?|takes? over from)\b/i },
  { type: "part_of", pattern: /\b(?:part of|belongs? to|component of|module of|member of)\b/i },
  { type: "in_conflict", pattern: /\b(?:conflicts? with|incompatible with)\b/i },
  {
    type: "compares_to",
    pattern: /\b(?:compared (?:to|with)|unlike|(?:faster|slower|smaller|larger|cheaper|better) than)\b/i,
  },
  { type: "requires", pattern: /\b(?:requires?|needs?)\b/i },
  { type: "extends", pattern: /\bextends?\b/i },
  { type: "uses", pattern: /\b(?:uses?|using|runs? on|stores? .{1,40} in)\b/i },
  { type: "reads", pattern: /\b(?:reads?|consumes?|listens? to|subscribes? to)\b/i },
  { type: "supports", pattern: /\bsupports?\b/i },
  { type: "enables", pattern: /\b(?:enables?|allows?|lets?)\b/i },
  { type: "provides", pattern: /\b(?:provides?|offers?|exposes?|ships? with|includes?|contains?)\b/i },
  { type: "impacts", pattern: /\b(?:affects?|impacts?|slows?|speeds?)\b/i },
  { type: "is_a", pattern: /^\s*(?:is|are) (?:an?|the|one of)\b/i },
];

/** Pairs of entities that one sentence names: by the verb between them, otherwise as mentioned together. */
export function findRelationships(
  content: string,
  entities: readonly Mentions[],
  sentences: readonly Sentence[],
): FoundRelationship[] {
  const places = placesInReadingOrder(entities);
  const found = new Map<string, FoundRelationship>();
  let from = 0;
  for (const sentence of sentences) {
    while ((places[from]?.mention.start ?? Infinity) < sentence.start) from += 1;
    const inSentence = [];
    for (let index = from; (places[index]?.mention.end ?? Infinity) <= sentence.end; index += 1)
      inSentence.push(...places.slice(index, index + 1));
    for (const relationship of relateNeighbours(content, inSentence, sentence)) {
      const key = `${relationship.source} ${relationship.target} ${relationship.relationshipType}`;
      if (relationship.source !== relationship.target && !found.has(key)) found.set(key, relationship);
    }
  }
  const byConfidence = [...found.values()].toSorted((a, b) => b.confidence - a.confidence);
  return byConfidence.slice(0, MAX_RELATIONSHIPS).toSorted((a, b) => a.sentence.start - b.sentence.start);
}

interface Place {
  readonly entity: number;
  readonly mention: Mention;
}

function placesInReadingOrder(entities: readonly Mentions[]): Place[] {
  return entities
    .flatMap((mentions, entity) => mentions.map((mention) => ({ entity, mention })))
    .filter(({ mention }) => TYPES_IN_RELATIONSHIPS.has(mention.entityType))
    .toSorted((a, b) => inReadingOrder(a.mention, b.mention));
}

function relateNeighbours(content: string, places: readonly Place[], sentence: Sentence): FoundRelationship[] {
  const related: FoundRelationship[] = [];
  let last: { verb: VerbPattern; subject: number } | undefined;
  for (const [index, place] of places.entries()) {
    const before = places[index - 1];
    if (before === undefined || place.mention.start < before.mention.end) continue;
    const between = content.slice(before.mention.end, place.mention.start);
    // "A uses B and C": what was said of B holds for C.
    if (!(last && ENUMERATION.test(between))) {
      const verb =
        NEGATION.test(between) || between.length > MAX_WORDS_BETWEEN
          ? undefined
          : VERBS.find(({ pattern }) => pattern.test(between));
      const subject = SAME_SUBJECT.test(between) ? (last?.verb.isPassive ? undefined : last?.subject) : before.entity;
      last = verb && subject !== undefined ? { verb, subject } : undefined;
    }
    const [source, target] = last?.verb.isPassive
      ? [place.entity, last.subject]
      : [last?.subject ?? before.entity, place.entity];
    related.push({
      source,
      target,
      relationshipType: last?.verb.type ?? "mentions",
      sentence,
      confidence: last ? 0.7 : 0.3,
    });
  }
  return related;
}
