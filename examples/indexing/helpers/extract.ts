import { splitsCharacter } from "./cut-text.ts";
import { distinct } from "./entity-key.ts";
import type { Extraction } from "./extraction.ts";
import { findClaims } from "./find-claims.ts";
import { findEntities, type Mentions } from "./find-entities.ts";
import { findRelationships } from "./find-relationships.ts";
import { readSection, type SectionParts } from "./read-section.ts";
import type { Sentence } from "./read-sentences.ts";

/** A section as an extractor sees it. */
export interface SectionText {
  readonly content: string;
  /** Where the section starts in its document; quotes are located in the document. */
  readonly startOffset: number;
}

const MAX_QUOTE_CHARS = 300;
const MAX_LINKS = 50;

/** Extraction by rules on a Markdown tree and a word lexicon: quick, free, the same every time, and without understanding. */
export function extractWithRules({ content, startOffset }: SectionText): Extraction {
  const parts = readSection(content);
  const found = findEntities(content, parts);
  const quote = (start: number, end: number) => quoteFrom(content, startOffset, start, end);
  const entities = found.map((mentions) => ({
    name: mentions[0].name,
    entityType: mentions[0].entityType,
    description: descriptionOf(mentions, parts.sentences),
    aliases: distinct(mentions.flatMap(({ name, alias = name }) => [name, alias])).filter(
      (name) => name !== mentions[0].name,
    ),
    confidence: Math.max(...mentions.map((mention) => mention.confidence)),
    ...quoteAround(content, startOffset, mentions[0], parts.sentences),
  }));
  const relationships = findRelationships(content, found, parts.sentences).flatMap(
    ({ source, target, sentence, ...relationship }) => {
      const [from, to] = [entities[source], entities[target]];
      if (from === undefined || to === undefined) return [];
      const ends = {
        sourceEntity: from.name,
        sourceType: from.entityType,
        targetEntity: to.name,
        targetType: to.entityType,
      };
      return [{ ...ends, ...relationship, ...quote(sentence.start, sentence.end) }];
    },
  );
  const claims = findClaims(parts.sentences, found).map(({ sentence, ...claim }) => ({
    statement: sentence.text,
    ...claim,
    ...quoteFrom(content, startOffset, sentence.start, sentence.end, Infinity),
  }));
  return { metadata: describe(parts), entities, relationships, claims };
}

function describe(parts: SectionParts): Extraction["metadata"] {
  const hasCodeExamples = parts.codeBlocks.length > 0;
  const hasSteps = parts.steps > 1;
  const sentences = parts.sentences.filter((sentence) => /[.!?]$/.test(sentence.text)).length;
  const contentType = hasSteps
    ? hasCodeExamples
      ? "tutorial"
      : "guide"
    : parts.hasTable
      ? "reference"
      : hasCodeExamples
        ? "guide"
        : "other";
  return {
    contentType,
    hasCodeExamples,
    hasStepByStepProcedures: hasSteps,
    hasNarrativeStructure: sentences >= 5 && !hasSteps && !parts.hasTable,
    headings: parts.headings.map((heading) => heading.text),
    links: parts.links.slice(0, MAX_LINKS).map(({ text, url }) => ({ text, url })),
  };
}

/** The first sentence that says what the entity is. */
function descriptionOf(mentions: Mentions, sentences: readonly Sentence[]): string | null {
  const isDefinition = (sentence: Sentence) =>
    mentions.some(({ start, end, name }) => {
      const isSubject = start >= sentence.start && end <= sentence.end && start - sentence.start <= 4;
      const rest = sentence.text.slice(sentence.text.indexOf(name) + name.length);
      return isSubject && /^(?: \([^)]*\))?,? (?:is|are) (?:an?|the|one of)\b/.test(rest);
    });
  return sentences.find(isDefinition)?.text ?? null;
}

/** The sentence around a mention; outside of sentences the line. */
function quoteAround(
  content: string,
  startOffset: number,
  { start, end }: { start: number; end: number },
  sentences: readonly Sentence[],
) {
  const sentence = sentences.find((candidate) => candidate.start <= start && end <= candidate.end);
  if (sentence && sentence.end - sentence.start <= MAX_QUOTE_CHARS)
    return quoteFrom(content, startOffset, sentence.start, sentence.end);
  const around = Math.max(0, Math.floor((MAX_QUOTE_CHARS - (end - start)) / 2));
  const before = content.slice(Math.max(0, start - around), start);
  const after = content.slice(end, end + around);
  const lineStart = start - before.length + Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1;
  const lineBreak = after.search(/[\r\n]/);
  return quoteFrom(content, startOffset, lineStart, end + (lineBreak < 0 ? after.length : lineBreak));
}

function quoteFrom(content: string, startOffset: number, start: number, end: number, maxChars = MAX_QUOTE_CHARS) {
  const limit = Math.min(end, start + maxChars);
  const openingMarkup = /[*_~[]*$/.exec(content.slice(Math.max(0, start - 4), start))?.[0].length ?? 0;
  const from = splitsCharacter(content, start) ? start - 1 : start - openingMarkup;
  const to = splitsCharacter(content, limit) ? limit - 1 : limit;
  return { quote: content.slice(from, to), quoteStartOffset: startOffset + from, quoteEndOffset: startOffset + to };
}
