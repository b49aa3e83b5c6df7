import { entityKey } from "./entity-key.ts";
import { findNames, type Mention } from "./find-names.ts";
import type { MarkedPart, SectionParts } from "./read-section.ts";

/** All mentions of one entity in a section, the first one first. */
export type Mentions = readonly [Mention, ...Mention[]];

const MAX_ENTITIES = 40;
const MAX_NAME_CHARS = 80;
const CODE_NAME = /^[\p{L}_@./$-][\p{L}\p{N}_@./:$#-]+(?:\(\))?$/u;
// In a code block only what cannot be an ordinary word: snake_case, dotted.names, camelCase.
const IDENTIFIER =
  /(?<![\w.])(?:[A-Za-z][A-Za-z0-9]*(?:[_.][A-Za-z][A-Za-z0-9]*)+|[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)+)(?![\w.])/g;
const COMMON_HEADING =
  /^(?:overview|introduction|summary|notes?|examples?|see also|background|conclusion|contents|faq|next steps)$/i;

/** Entities by rule: names in sentences, code, links, headings. The most mentioned are kept, in reading order. */
export function findEntities(content: string, parts: SectionParts): Mentions[] {
  const found = [
    ...findNames(parts.sentences),
    ...codeMentions(content, parts),
    ...linkMentions(parts),
    ...topicMentions(parts),
  ];
  const byEntity = new Map<string, [Mention, ...Mention[]]>();
  for (const mention of found.toSorted(inReadingOrder)) {
    const key = entityKey(mention.name, mention.entityType);
    const earlier = byEntity.get(key);
    if (earlier) earlier.push(mention);
    else if (mention.name.length <= MAX_NAME_CHARS) byEntity.set(key, [mention]);
  }
  return [...byEntity.values()]
    .toSorted((a, b) => b.length - a.length || inReadingOrder(a[0], b[0]))
    .slice(0, MAX_ENTITIES)
    .toSorted((a, b) => inReadingOrder(a[0], b[0]));
}

/** By place; of two that start together, the longer first. */
export function inReadingOrder(a: Mention, b: Mention): number {
  return a.start - b.start || b.end - a.end || (a.entityType < b.entityType ? -1 : a.entityType > b.entityType ? 1 : 0);
}

function codeMentions(content: string, { inlineCode, codeBlocks }: SectionParts): Mention[] {
  const toMention = ({ text, start, end }: MarkedPart, confidence: number) => ({
    name: text,
    entityType: "code" as const,
    start,
    end,
    confidence,
  });
  const inline = inlineCode.filter((part) => CODE_NAME.test(part.text)).map((part) => toMention(part, 0.9));
  const inBlocks = codeBlocks.flatMap((block) =>
    Array.from(content.slice(block.start, block.end).matchAll(IDENTIFIER), ({ 0: text, index }) =>
      toMention({ text, start: block.start + index, end: block.start + index + text.length }, 0.6),
    ),
  );
  return [...inline, ...inBlocks];
}

function linkMentions({ links }: SectionParts): Mention[] {
  return links
    .filter((link) => /^https?:\/\//i.test(link.url))
    .map((link) => {
      const name = link.url
        .replace(/^https?:\/\//i, "")
        .replace(/[?#].*$/, "")
        .replace(/\/+$/, "");
      const alias = link.text === "" || link.text === link.url ? {} : { alias: link.text };
      return { name, entityType: "resource" as const, start: link.start, end: link.end, confidence: 1, ...alias };
    })
    .filter((mention) => mention.name !== "");
}

function topicMentions({ headings }: SectionParts): Mention[] {
  return headings
    .filter(
      (heading) =>
        /\p{L}/u.test(heading.text) && heading.text.split(" ").length <= 6 && !COMMON_HEADING.test(heading.text),
    )
    .map((heading) => ({
      name: heading.text,
      entityType: "topic" as const,
      start: heading.start,
      end: heading.end,
      confidence: 0.5,
    }));
}
