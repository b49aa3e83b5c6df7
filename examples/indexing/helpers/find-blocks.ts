import { setImmediate as nextTurn } from "node:timers/promises";
import { type MarkdownNode, offsetsOf, parseBlocks, parseMarkdown, visibleText } from "./markdown.ts";

/** A top-level block of a document: where its first line starts, and its text if it is a heading. */
export interface Block {
  readonly start: number;
  readonly heading: string | null;
}

const WINDOW_CHARS = 8_000;
const LARGEST_WINDOW_CHARS = 32_000;

/**
 * Top-level blocks in order. The text is parsed window by window, and other work runs between two windows. The last
 * block of a window may go on behind it, so the next window starts there. A block larger than the largest window,
 * other than a code fence or a list, is taken in pieces: nothing is lost, but a heading may be seen inside it.
 */
export async function findBlocks(text: string): Promise<Block[]> {
  const blocks: Block[] = [];
  let position = 0;
  let windowChars = WINDOW_CHARS;
  while (position < text.length) {
    const window = readWindow(text, position, windowChars);
    const whole = window.nodes.map((node) => toBlock(text, position, node));
    const isLastWindow = window.end === text.length;
    const next = isLastWindow ? window.end : resumeAt(text, position, window.nodes);
    if (next === undefined && windowChars < LARGEST_WINDOW_CHARS) {
      windowChars *= 2;
    } else {
      blocks.push(...whole.filter((block) => block.start < (next ?? window.end)));
      position = next ?? window.end;
      windowChars = WINDOW_CHARS;
    }
    await nextTurn();
  }
  return blocks;
}

function readWindow(text: string, start: number, chars: number): { end: number; nodes: readonly MarkdownNode[] } {
  const end = start + chars >= text.length ? text.length : lineEndBefore(text, start, start + chars);
  // One line longer than a window: its beginning says what it is.
  const nodes = parseBlocks(text.slice(start, Math.min(end, start + chars))).children;
  const [only] = nodes;
  return { end, nodes: nodes.length === 1 && only?.type === "list" ? only.children : nodes };
}

/** Where parsing can go on as if the document started there; undefined when the window holds a single block. */
function resumeAt(text: string, windowStart: number, nodes: readonly MarkdownNode[]): number | undefined {
  const last = nodes.at(-1);
  if (last === undefined) return undefined;
  const lastStart = lineStart(text, windowStart, windowStart + offsetsOf(last).start);
  if (nodes.length > 1) return lastStart;
  return last.type === "code" ? fenceEnd(text, lastStart) : undefined;
}

function fenceEnd(text: string, start: number): number | undefined {
  const marker = /^ {0,3}(`{3,}|~{3,})/.exec(text.slice(start, start + 1_000))?.[1];
  if (marker === undefined) return undefined;
  const closing = new RegExp(`^ {0,3}${marker}${marker.charAt(0)}*[ \\t]*$(?:\\r?\\n|\\r)?`, "gm");
  closing.lastIndex = start + marker.length;
  return closing.test(text) ? closing.lastIndex : text.length;
}

function toBlock(text: string, windowStart: number, node: MarkdownNode): Block {
  const { start, end } = offsetsOf(node);
  const heading =
    node.type === "heading" ? headingText(text.slice(windowStart + start, windowStart + end), node) : null;
  return { start: lineStart(text, windowStart, windowStart + start), heading };
}

function headingText(source: string, heading: MarkdownNode): string {
  const hasMarkup = /[*_`[\]<&\\!~]/.test(source);
  const [parsed] = hasMarkup ? parseMarkdown(source).children : [];
  return visibleText(parsed ?? heading)
    .replace(/\s+/g, " ")
    .trim();
}

function lineStart(text: string, windowStart: number, offset: number): number {
  const before = text.slice(windowStart, offset);
  return windowStart + Math.max(before.lastIndexOf("\n"), before.lastIndexOf("\r")) + 1;
}

function lineEndBefore(text: string, start: number, limit: number): number {
  const window = text.slice(start, limit);
  const last = Math.max(window.lastIndexOf("\n"), window.lastIndexOf("\r"));
  if (last > 0) return text.startsWith("\r\n", start + last) ? start + last + 2 : start + last + 1;
  const next = /\r\n?|\n/g;
  next.lastIndex = limit;
  return next.test(text) ? next.lastIndex : text.length;
}
