import { cutSpan, type Span, splitsCharacter } from "./cut-text.ts";
import { type Block, findBlocks } from "./find-blocks.ts";

export interface SplitOptions {
  readonly maxSectionChars: number;
  readonly minSectionSize: number;
  readonly overlapChars: number;
}

/** A piece of a document; `text.slice(startOffset, endOffset) === content`. */
export interface Section {
  readonly heading: string | null;
  readonly content: string;
  readonly startOffset: number;
  readonly endOffset: number;
  /** The end of the section before, or null for the first one. */
  readonly overlapPrefix: string | null;
  /** The beginning of the section after, or null for the last one. */
  readonly overlapSuffix: string | null;
}

interface HeadedSpan extends Span {
  readonly heading: string | null;
}

/**
 * Sections that together are the whole text, each under the heading it starts with. A section longer than
 * `maxSectionChars` is cut, and its pieces keep the heading; one shorter than `minSectionSize` is joined to the next
 * one, or else to the one before, if both fit. A text that is empty or only whitespace has no sections.
 */
export async function splitMarkdown(text: string, options: SplitOptions): Promise<Section[]> {
  if (text.trim() === "") return [];
  const blocks = await findBlocks(text);
  const blockStarts = blocks.map((block) => block.start);
  const pieces = spansByHeading(text, blocks).flatMap((span) =>
    cutSpan(text, span, options.maxSectionChars, blockStarts).map((piece) => ({ ...piece, heading: span.heading })),
  );
  const spans = joinShortSpans(pieces, options);
  return spans.map((span, index) => toSection(text, span, spans[index - 1], spans[index + 1], options.overlapChars));
}

function spansByHeading(text: string, blocks: readonly Block[]): HeadedSpan[] {
  const headings = blocks.filter((block) => block.heading !== null);
  const starts = headings[0]?.start === 0 ? headings : [{ start: 0, heading: null }, ...headings];
  return starts.map(({ start, heading }, index) => ({ start, heading, end: starts[index + 1]?.start ?? text.length }));
}

function joinShortSpans(spans: readonly HeadedSpan[], { minSectionSize, maxSectionChars }: SplitOptions): HeadedSpan[] {
  const joined: HeadedSpan[] = [];
  let [current, ...rest] = spans;
  const fits = (first: Span | undefined, last: Span) =>
    first !== undefined && last.end - first.start <= maxSectionChars;
  const finish = (span: HeadedSpan) => {
    const before = joined.at(-1);
    if (before && isShort(span, minSectionSize) && fits(before, span)) joined[joined.length - 1] = join(before, span);
    else joined.push(span);
  };
  for (const next of rest) {
    if (current && isShort(current, minSectionSize) && fits(current, next)) current = join(current, next);
    else {
      if (current) finish(current);
      current = next;
    }
  }
  if (current) finish(current);
  return joined;
}

const isShort = (span: Span, minSectionSize: number) => span.end - span.start < minSectionSize;

function join(first: HeadedSpan, second: HeadedSpan): HeadedSpan {
  return { start: first.start, end: second.end, heading: first.heading ?? second.heading };
}

function toSection(
  text: string,
  span: HeadedSpan,
  before: Span | undefined,
  after: Span | undefined,
  overlapChars: number,
): Section {
  return {
    heading: span.heading,
    content: text.slice(span.start, span.end),
    startOffset: span.start,
    endOffset: span.end,
    overlapPrefix: before ? overlap(text, Math.max(before.start, span.start - overlapChars), span.start) : null,
    overlapSuffix: after ? overlap(text, span.end, Math.min(after.end, span.end + overlapChars)) : null,
  };
}

function overlap(text: string, start: number, end: number): string {
  return text.slice(splitsCharacter(text, start) ? start + 1 : start, splitsCharacter(text, end) ? end - 1 : end);
}
