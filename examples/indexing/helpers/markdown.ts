import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

export type MarkdownRoot = ReturnType<typeof fromMarkdown>;
export type MarkdownNode = MarkdownRoot | MarkdownRoot["children"][number];

// The transforms only look for bare addresses that the tokenizer has already found, and they recurse.
const nodesOnly = gfmFromMarkdown().map(({ transforms: _recursive, ...extension }) => extension);

const INLINE_CONSTRUCTS = [
  "attention",
  "autolink",
  "characterEscape",
  "characterReference",
  "codeText",
  "hardBreakEscape",
  "htmlText",
  "labelEnd",
  "labelStartImage",
  "labelStartLink",
  "wwwAutolink",
  "protocolAutolink",
  "emailAutolink",
  "gfmFootnoteCall",
  "gfmPotentialFootnoteCall",
  "strikethrough",
  "tasklistCheck",
];

// Hundreds of quote or list markers on one line help no reader, and a parser's time grows with their square.
const DEEP_NESTING = /^[ \t]*(?:>[ \t]?|(?:[*+-]|\d{1,9}[.)])[ \t]+){40,}/gm;
const KEPT_MARKERS = 40;

/** The whole tree with GitHub's extensions; offsets point into `text`. */
export function parseMarkdown(text: string): MarkdownRoot {
  return fromMarkdown(sameLength(text), { extensions: [gfm()], mdastExtensions: nodesOnly });
}

/** Blocks without what is inside their lines: half the time, and linear in the length of a paragraph. */
export function parseBlocks(text: string): MarkdownRoot {
  return fromMarkdown(sameLength(text), { extensions: [gfm(), { disable: { null: INLINE_CONSTRUCTS } }] });
}

/** What a reader sees of a node: text and code, without markers and addresses. */
export function visibleText(node: MarkdownNode): string {
  return [...walk(node)].map((inner) => ("value" in inner && inner.type !== "html" ? inner.value : "")).join("");
}

/** A node and everything below it in reading order; no recursion, so depth cannot exhaust the stack. */
export function* walk(node: MarkdownNode): Generator<MarkdownNode> {
  const pending: MarkdownNode[] = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    if ("children" in next) pending.push(...next.children.toReversed());
  }
}

export function offsetsOf(node: MarkdownNode): { start: number; end: number } {
  return { start: node.position?.start.offset ?? 0, end: node.position?.end.offset ?? 0 };
}

// A byte order mark would shift every offset by one, because the parser swallows it.
function sameLength(text: string): string {
  return text.replace(/^\uFEFF/, " ").replace(DEEP_NESTING, (markers) => {
    const kept = markers.slice(0, KEPT_MARKERS);
    return kept + markers.slice(KEPT_MARKERS).replace(/[^\t]/g, " ");
  });
}
