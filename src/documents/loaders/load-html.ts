import { storableText } from "../../core/text.ts";
import { compile, type Formatter, type HtmlNode } from "html-to-text";
import { MillraceError } from "../../core/errors.ts";
import { tidyTitle } from "./clean-value.ts";
import type { LoadedDocument } from "./loaded-document.ts";

// Bounded, so that no page can make the search take long.
const TITLE = /<title(?:\s[^>]{0,500})?>([^<]{0,2000})/i;

interface Outline {
  heading?: string;
}

// Headings keep their level in Markdown's spelling, so that a splitter sees the sections of a page.
const heading: Formatter = (node, walk, builder) => {
  const outline = builder.metadata as Outline;
  if (node.name === "h1") outline.heading ??= textOf(node);
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(`${"#".repeat(Number(node.name?.slice(1)))} `);
  walk(node.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

const table: Formatter = (node, walk, builder) => {
  builder.openTable();
  for (const row of rowsOf(node)) {
    builder.openTableRow();
    for (const cell of row.children ?? []) {
      if (cell.name !== "td" && cell.name !== "th") continue;
      builder.openTableCell();
      walk(cell.children, builder);
      builder.closeTableCell();
    }
    builder.closeTableRow();
  }
  builder.closeTable({
    leadingLineBreaks: 2,
    trailingLineBreaks: 2,
    tableToString: (rows) => rows.map((row) => joinCells(row.map((cell) => cell.text))).join("\n"),
  });
};

const toText = compile({
  wordwrap: false,
  limits: { maxInputLength: Number.POSITIVE_INFINITY },
  formatters: { heading, table },
  selectors: [
    ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, format: "heading" })),
    { selector: "table", format: "table" },
    { selector: "a", options: { ignoreHref: true } },
    ...["img", "title", "template", "noscript"].map((selector) => ({ selector, format: "skip" })),
  ],
});

/** HTML as readable text; the title is the page's `<title>`, else its first `<h1>`. */
export function loadHtml(html: string): LoadedDocument {
  const outline: Outline = {};
  try {
    const content = storableText(toText(html, outline));
    const page = TITLE.exec(html)?.[1];
    const title = tidyTitle(page === undefined ? "" : toText(`<p>${page}</p>`, {})) ?? tidyTitle(outline.heading ?? "");
    return { title, content, contentType: "text/html", metadata: {} };
  } catch (cause) {
    throw new MillraceError(
      "HTML_INVALID",
      "The HTML could not be read; its elements are probably nested too deeply.",
      { cause },
    );
  }
}

function* rowsOf(node: HtmlNode): Generator<HtmlNode> {
  for (const child of node.children ?? []) {
    if (child.name === "tr") yield child;
    else if (/^(thead|tbody|tfoot|center)$/.test(child.name ?? "")) yield* rowsOf(child);
    else if (child.name === "caption")
      yield { type: "tag", children: [{ type: "tag", name: "td", ...captionOf(child) }] };
  }
}

function captionOf(node: HtmlNode): Pick<HtmlNode, "children"> {
  return node.children === undefined ? {} : { children: node.children };
}

// Tables that lay out a page hold whole articles in their cells; those stay paragraphs.
function joinCells(cells: readonly string[]): string {
  const isLayout = cells.length === 1 || cells.some((cell) => cell.includes("\n\n"));
  if (isLayout) return cells.filter((cell) => cell !== "").join("\n\n");
  return cells.map((cell) => cell.replace(/\s*\n\s*/g, " ").trim()).join(" | ");
}

function textOf(node: HtmlNode): string {
  if (node.type === "text") return node.data ?? "";
  return (node.children ?? []).map(textOf).join("");
}
