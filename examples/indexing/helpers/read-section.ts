import { type MarkdownNode, offsetsOf, parseMarkdown, visibleText, walk } from "./markdown.ts";
import { HIDDEN, type Prose, readSentences, type Sentence } from "./read-sentences.ts";

/** A part of the section that means something by its markup: code, a link, a heading. */
export interface MarkedPart {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface SectionParts {
  readonly sentences: readonly Sentence[];
  readonly inlineCode: readonly MarkedPart[];
  readonly codeBlocks: readonly MarkedPart[];
  readonly links: readonly (MarkedPart & { readonly url: string })[];
  readonly headings: readonly MarkedPart[];
  readonly hasTable: boolean;
  readonly steps: number;
}

/** Takes a section apart; all offsets point into `content`. */
export function readSection(content: string): SectionParts {
  const nodes = [...walk(parseMarkdown(content))];
  const ofType = <Type extends MarkdownNode["type"]>(type: Type) =>
    nodes.filter((node): node is Extract<MarkdownNode, { type: Type }> => node.type === type);
  const toPart = (node: MarkdownNode) => ({ text: visibleText(node).replace(/\s+/g, " ").trim(), ...offsetsOf(node) });
  const proseBlocks = nodes.filter(
    (node) => node.type === "paragraph" || node.type === "heading" || node.type === "tableCell",
  );
  return {
    sentences: readSentences(proseBlocks.map((block) => readProse(content, block))),
    inlineCode: ofType("inlineCode").map(toPart),
    codeBlocks: ofType("code").map((node) => ({ text: node.value, ...offsetsOf(node) })),
    links: ofType("link").map((node) => ({ ...toPart(node), url: node.url })),
    headings: ofType("heading").map(toPart),
    hasTable: nodes.some((node) => node.type === "table"),
    steps: ofType("list").reduce((steps, list) => steps + (list.ordered === true ? list.children.length : 0), 0),
  };
}

/** The block as language: markup is blank and code is a placeholder, each as long as its source, so that offsets stay. */
function readProse(content: string, block: MarkdownNode): Prose {
  const { start, end } = offsetsOf(block);
  let language = "";
  let visible = "";
  for (const node of walk(block)) {
    if (node.type !== "text" && node.type !== "inlineCode") continue;
    const own = offsetsOf(node);
    const source = content
      .slice(own.start, own.end)
      .replace(/[\r\n][ \t>]*/g, (lineBreak) => " ".repeat(lineBreak.length));
    const isCode = node.type === "inlineCode";
    language = language.padEnd(own.start - start) + (isCode ? source.replace(/\S/g, CODE) : source);
    visible = visible.padEnd(own.start - start, HIDDEN) + (isCode ? source.replaceAll("`", HIDDEN) : source);
  }
  return { start, language: language.padEnd(end - start), visible: visible.padEnd(end - start, HIDDEN) };
}

const CODE = "x";
