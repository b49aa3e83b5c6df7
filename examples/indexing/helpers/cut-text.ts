export interface Span {
  readonly start: number;
  readonly end: number;
}

// Best first. Every pattern ends where a new piece may start.
const BOUNDARIES = [/(?:\r\n?|\n)[ \t]*(?:\r\n?|\n)/g, /\r\n?|\n/g, /[.!?。！？؟]["')\]”’»]*\s/g, /\s/g];

/**
 * Pieces of at most `maxChars` that together are the span. A cut falls before a block if one starts in the second
 * half of the piece, else after a blank line, a line, a sentence, a word, and at last between two characters.
 */
export function cutSpan(text: string, span: Span, maxChars: number, blockStarts: readonly number[]): Span[] {
  const pieces: Span[] = [];
  let start = span.start;
  while (span.end - start > maxChars) {
    const end = bestCut(text, start, start + maxChars, blockStarts);
    pieces.push({ start, end });
    start = end;
  }
  return [...pieces, { start, end: span.end }];
}

function bestCut(text: string, start: number, limit: number, blockStarts: readonly number[]): number {
  const middle = start + Math.floor((limit - start) / 2);
  const blockStart = lastAtMost(blockStarts, limit);
  if (blockStart >= middle && blockStart > start) return blockStart;
  const secondHalf = text.slice(middle, limit);
  for (const boundary of BOUNDARIES) {
    const ends = Array.from(secondHalf.matchAll(boundary), (match) => middle + match.index + match[0].length);
    const last = ends.findLast((end) => !splitsCharacter(text, end));
    if (last !== undefined) return last;
  }
  return splitsCharacter(text, limit) && limit - 1 > start ? limit - 1 : limit;
}

function lastAtMost(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1] ?? -1;
}

/** Whether a cut here would part a surrogate pair or a CRLF. */
export function splitsCharacter(text: string, offset: number): boolean {
  const pair = text.slice(Math.max(0, offset - 1), offset + 1);
  return pair === "\r\n" || /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(pair);
}
