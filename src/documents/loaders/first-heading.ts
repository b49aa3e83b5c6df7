import { createRequire } from "node:module";
import type MarkdownIt from "markdown-it";
import { HtmlReader } from "../html/html-reader.ts";
import { tidyTitle } from "../record/clean-value.ts";

/** Lines that may be, or end, a heading; the parser decides whether they do. */
const CANDIDATE = /^ {0,3}#{1,6}(?:[ \t]|$)|^ {0,3}(?:=+|-+)[ \t]*$|<h[1-6][\s>]/i;
/** No title is further down, and none is as long as this line. */
const MAX_LENGTH = 1_000_000;
const MAX_LINE_LENGTH = 1_000;
/** An HTML heading may end some lines further down. */
const MAX_LINES_AFTER = 20;

/**
 * The text of the first heading of a Markdown text, or of HTML in it. Where a heading is, and where only a line of code
 * looks like one, depends on everything before it and on nothing after it.
 */
export function firstHeading(content: string): string | null {
  const lines = splitLines(content.slice(0, MAX_LENGTH));
  let parsed = 0;
  let left = 0;
  for (const [index, line] of lines.entries()) {
    if (index < left || !CANDIDATE.test(line)) continue;
    left = endOfBlock(lines, index);
    // A text full of false headings is parsed a few times, not once for each.
    if (left < parsed * 2) continue;
    parsed = left;
    const heading = parseFirst(lines.slice(0, left));
    if (heading !== null) return heading;
  }
  return left > parsed ? parseFirst(lines.slice(0, left)) : null;
}

function endOfBlock(lines: readonly string[], index: number): number {
  const most = Math.min(lines.length, index + MAX_LINES_AFTER);
  for (let end = index + 1; end < most; end += 1) if (lines[end]?.trim() === "") return end;
  return most;
}

const load = createRequire(import.meta.url);
type Parser = InstanceType<typeof MarkdownIt>;
let loaded: { readonly blocks: Parser; readonly inline: Parser } | undefined;

// Loaded with the first heading. The content of paragraphs does not matter here.
function parsers() {
  const create = load("markdown-it") as typeof MarkdownIt;
  loaded ??= { blocks: create("commonmark").disable("inline"), inline: create("commonmark") };
  return loaded;
}

function parseFirst(lines: readonly string[]): string | null {
  const tokens = parsers().blocks.parse(lines.join("\n"), {});
  for (const [index, token] of tokens.entries()) {
    // Headings of quotations and list items are not the document's.
    if (token.level > 0) continue;
    const found =
      token.type === "heading_open"
        ? textOf(tokens[index + 1]?.content ?? "")
        : token.type === "html_block"
          ? headingOfHtml(token.content)
          : null;
    if (found !== null) return found;
  }
  return null;
}

function textOf(heading: string): string | null {
  const [inline] = parsers().inline.parseInline(heading, {});
  const texts = (inline?.children ?? []).map(({ type, content }) =>
    type === "softbreak" || type === "hardbreak" ? " " : type === "html_inline" ? "" : content,
  );
  return tidyTitle(texts.join(""));
}

function headingOfHtml(html: string): string | null {
  const reader = new HtmlReader(html);
  reader.read(0, html.length);
  return reader.finish().title;
}

function splitLines(text: string): readonly string[] {
  return text.split("\n").map((line) => line.slice(0, MAX_LINE_LENGTH).replace(/\r$/, ""));
}
