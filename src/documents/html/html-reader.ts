import { Tokenizer } from "htmlparser2";
import { tidyTitle } from "../record/clean-value.ts";
import { TextBuilder } from "./text-builder.ts";

const names = (list: string): readonly string[] => list.trim().split(/\s+/);

/** Elements drawn as a separate block; 2 leaves an empty line around it. */
const BLOCKS: ReadonlyMap<string, 1 | 2> = new Map([
  ...names("blockquote dl h1 h2 h3 h4 h5 h6 hr menu ol p pre table ul xmp").map((name) => [name, 2] as const),
  ...names(`
    address article aside body caption center dd details dialog dir div dt fieldset figcaption figure footer form header
    hgroup html legend li listing main nav plaintext search section summary tbody td tfoot th thead tr
  `).map((name) => [name, 1] as const),
]);
/** Elements drawn inline but separate from the words next to them. */
const BOXES = new Set(names("button img input meter optgroup option progress select text textarea"));
/** What no browser shows as text. */
const SKIPPED = new Set(names("datalist desc iframe metadata noembed noframes noscript script style template title"));
const LISTS = new Set(names("ul ol menu dir"));
const CELLS = new Set(names("td th caption"));
const ROWS = new Set(names("tr thead tbody tfoot"));
const RAW = new Set(names("pre listing xmp plaintext"));
const FOREIGN = new Set(names("svg math"));
const HEADING = /^h[1-6]$/;
const MAX_TITLE_LENGTH = 2_000;
// A cell's text is copied once for each table it is in.
const MAX_TABLES = 32;

/** An element that is open and means something for the text in it. All others are only breaks between words. */
interface OpenElement {
  readonly name: string;
  readonly end: () => void;
}

interface OpenTable {
  readonly element: OpenElement;
  /** Cells by row; undefined where tables are nested so deeply that this one is read as blocks. */
  readonly rows: string[][] | undefined;
  cell: OpenElement | undefined;
  hasRow: boolean;
}

interface Heading {
  readonly level: number;
  text: string;
}

/** Reads HTML of any size and depth: what it keeps is the text, and what is open that counts. */
export class HtmlReader {
  readonly #html: string;
  readonly #tokenizer: Tokenizer;
  readonly #open: OpenElement[] = [];
  /** How many elements of a name are open, by the cell that they are in: an end tag ends none outside of its cell. */
  readonly #counts: Map<string, number>[] = [new Map()];
  readonly #tables: OpenTable[] = [];
  /** The number of the next item of each list, where it has one. */
  readonly #lists: (number | undefined)[] = [];
  readonly #inside = { skipped: 0, foreign: 0, raw: 0 };
  readonly #headings: Heading[] = [];
  #text = new TextBuilder();
  #isRawStart = false;
  #title: string | undefined;
  #isTitle = false;
  #heading: (Heading & { readonly element: OpenElement }) | undefined;

  constructor(html: string) {
    this.#html = html;
    let tag = "";
    let attribute = "";
    let start: number | undefined;
    const nameAt = (from: number, to: number) => html.slice(from, to).toLowerCase();
    const nothing = () => undefined;
    this.#tokenizer = new Tokenizer(
      { decodeEntities: true },
      {
        ontext: (from, to) => this.#write(html.slice(from, to)),
        ontextentity: (codePoint) => this.#write(String.fromCodePoint(codePoint)),
        oncdata: (from, to, offset) => this.#write(html.slice(from, to - offset)),
        onopentagname: (from, to) => {
          tag = nameAt(from, to);
          start = undefined;
        },
        onattribname: (from, to) => (attribute = nameAt(from, to)),
        onattribdata: (from, to) => {
          if (tag === "ol" && attribute === "start") start = Number.parseInt(html.slice(from, to), 10);
        },
        onopentagend: () => this.#start(tag, start),
        onselfclosingtag: () => {
          // In HTML a slash at the end of a tag means nothing; in SVG it is an end tag.
          if (this.#inside.foreign === 0 && !FOREIGN.has(tag)) this.#start(tag, start);
        },
        onclosetag: (from, to) => this.#end(nameAt(from, to)),
        isInForeignContext: () => this.#inside.foreign > 0,
        onattribentity: nothing,
        onattribend: nothing,
        oncomment: nothing,
        ondeclaration: nothing,
        onprocessinginstruction: nothing,
        onend: nothing,
      },
    );
  }

  /** Reads on, from one offset to another. */
  read(from: number, to: number): void {
    this.#tokenizer.write(this.#html.slice(from, to));
  }

  finish(): { readonly text: string; readonly title: string | null } {
    this.#tokenizer.end();
    while (this.#open.length > 0) this.#pop();
    const headings = this.#headings.map(({ level, text }) => ({ level, text: tidyTitle(text) }));
    const named = headings.filter(({ text }) => text !== null);
    const heading = named.find(({ level }) => level === 1) ?? named[0];
    return { text: this.#text.toString(), title: tidyTitle(this.#title ?? "") ?? heading?.text ?? null };
  }

  #write(text: string): void {
    if (this.#isTitle) this.#title = cut((this.#title ?? "") + text);
    if (this.#inside.skipped > 0) return;
    if (this.#heading !== undefined) this.#heading.text = cut(this.#heading.text + text);
    if (this.#inside.raw === 0) this.#text.write(text);
    // A line end right after the tag belongs to the tag.
    else this.#text.writeRaw(this.#isRawStart ? text.replace(/^\r?\n/, "") : text);
    this.#isRawStart = false;
  }

  #start(name: string, number?: number): void {
    if (this.#inside.foreign > 0 && (BLOCKS.has(name) || name === "br")) this.#endForeign();
    if (FOREIGN.has(name)) return this.#push({ name, end: this.#enter("foreign") });
    if (name === "foreignobject") return this.#startHtmlInside(name);
    if (SKIPPED.has(name)) return this.#skip(name);
    if (this.#inside.skipped > 0) return;
    if (name === "br") return this.#text.breakLine();
    if (BOXES.has(name)) return this.#text.write(" ");
    if (name === "table") return this.#startTable();
    if (this.#startInTable(name)) return;
    const lines = BLOCKS.get(name);
    if (lines === undefined) return;
    if (name === "li") this.#endItem();
    if (HEADING.test(name)) this.#endHeading();
    // An unclosed one ends where something else begins.
    if (this.#heading?.text.trim() !== "") this.#heading = undefined;
    this.#text.break(this.#breaksAt(name, lines));
    this.#startBlock(name, number);
  }

  #startBlock(name: string, number = 1): void {
    const text = this.#text;
    if (name === "hr") {
      text.write("---");
      text.break(2);
    } else if (LISTS.has(name)) {
      this.#lists.push(name === "ol" && Number.isInteger(number) ? number : undefined);
      this.#push({ name, end: () => this.#lists.pop() });
    } else if (name === "li") this.#startIndented(name, this.#nextMarker());
    else if (name === "blockquote") this.#startIndented(name, "> ", "> ");
    else if (HEADING.test(name)) this.#startHeading(name);
    else if (RAW.has(name)) {
      this.#isRawStart = true;
      this.#push({ name, end: this.#enter("raw") });
    }
  }

  #startIndented(name: string, first: string, rest = " ".repeat(first.length)): OpenElement {
    const text = this.#text;
    text.indent(first, rest);
    const element = { name, end: () => text.outdent() };
    this.#push(element);
    return element;
  }

  // Headings keep their level in Markdown's spelling, so that a splitter sees the sections of a page.
  #startHeading(name: string): void {
    const level = Number(name.slice(1));
    const element = this.#startIndented(name, `${"#".repeat(level)} `, "");
    this.#heading = { level, text: "", element };
    this.#headings.push(this.#heading);
  }

  #endHeading(): void {
    const open = this.#heading?.element;
    if (open !== undefined && this.#isOpen(open.name)) this.#popTo(open);
    this.#heading = undefined;
  }

  #nextMarker(): string {
    const number = this.#lists.at(-1);
    if (number === undefined) return " * ";
    this.#lists[this.#lists.length - 1] = number + 1;
    return ` ${number}. `;
  }

  #breaksAt(name: string, lines: 1 | 2): 1 | 2 {
    return LISTS.has(name) && this.#lists.length > 0 ? 1 : lines;
  }

  #skip(name: string): void {
    const { skipped, foreign } = this.#inside;
    // The title of a page, not that of an icon in it.
    if (name === "title" && this.#title === undefined && skipped + foreign === 0) this.#isTitle = true;
    const leave = this.#enter("skipped");
    this.#push({
      name,
      end: () => {
        leave();
        this.#isTitle = false;
      },
    });
  }

  #enter(kind: "skipped" | "foreign" | "raw"): () => void {
    this.#inside[kind] += 1;
    return () => void (this.#inside[kind] -= 1);
  }

  #startHtmlInside(name: string): void {
    const { foreign } = this.#inside;
    this.#inside.foreign = 0;
    this.#push({ name, end: () => void (this.#inside.foreign = foreign) });
  }

  // An unclosed drawing ends where the page continues.
  #endForeign(): void {
    while (this.#inside.foreign > 0 && this.#pop() !== undefined);
  }

  #startTable(): void {
    const outer = this.#text;
    outer.break(2);
    const rows = this.#tables.length < MAX_TABLES ? ([] as string[][]) : undefined;
    const element = {
      name: "table",
      end: () => {
        this.#tables.pop();
        outer.break(2);
        if (rows !== undefined) outer.writeBlock(rows.map(joinCells).join("\n"));
        outer.break(2);
      },
    };
    this.#tables.push({ element, rows, cell: undefined, hasRow: false });
    this.#push(element);
  }

  /** Starts a row or a cell; false for anything that is not part of a table. */
  #startInTable(name: string): boolean {
    const table = this.#tables.at(-1);
    if (table?.rows === undefined) return false;
    if (ROWS.has(name)) {
      this.#endRow(table);
      return true;
    }
    if (!CELLS.has(name)) return false;
    // A caption is a row of one cell.
    if (name === "caption") this.#endRow(table);
    if (table.cell !== undefined) this.#popTo(table.cell);
    if (!table.hasRow) table.rows.push([]);
    table.hasRow = name !== "caption";
    this.#startCell(table, table.rows.at(-1) ?? [], name);
    return true;
  }

  #startCell(table: OpenTable, row: string[], name: string): void {
    const [outer, text, raw] = [this.#text, new TextBuilder(), this.#inside.raw];
    const element = {
      name,
      end: () => {
        row.push(text.toString());
        table.cell = undefined;
        this.#text = outer;
        this.#inside.raw = raw;
        this.#counts.pop();
      },
    };
    table.cell = element;
    this.#push(element);
    this.#counts.push(new Map());
    this.#text = text;
    this.#inside.raw = 0;
  }

  #endRow(table: OpenTable): void {
    if (table.cell !== undefined) this.#popTo(table.cell);
    table.hasRow = false;
  }

  #end(name: string): void {
    if (this.#inside.skipped > 0 && !SKIPPED.has(name) && !FOREIGN.has(name)) return;
    const table = this.#tables.at(-1);
    if (table?.cell !== undefined && this.#inside.skipped === 0) {
      if (name === "table") return this.#popTo(table.element);
      if (CELLS.has(name)) return this.#popTo(table.cell);
      if (ROWS.has(name)) return this.#endRow(table);
    }
    if (HEADING.test(name)) this.#endHeading();
    if (this.#isOpen(name)) while (this.#pop()?.name !== name);
    if (BOXES.has(name)) this.#text.write(" ");
    const lines = BLOCKS.get(name);
    if (lines !== undefined) this.#text.break(this.#breaksAt(name, lines));
  }

  /** Ends the item before this one; the item of an outer list goes on around the inner list. */
  #endItem(): void {
    if (!this.#isOpen("li")) return;
    const at = this.#open.findLastIndex(({ name }) => name === "li" || LISTS.has(name));
    const found = this.#open[at];
    if (found?.name === "li") this.#popTo(found);
  }

  #isOpen(name: string): boolean {
    return (this.#counts.at(-1)?.get(name) ?? 0) > 0;
  }

  #push(element: OpenElement): void {
    const counts = this.#counts.at(-1);
    counts?.set(element.name, (counts.get(element.name) ?? 0) + 1);
    this.#open.push(element);
  }

  #pop(): OpenElement | undefined {
    const element = this.#open.pop();
    element?.end();
    const counts = this.#counts.at(-1);
    if (element !== undefined) counts?.set(element.name, (counts.get(element.name) ?? 1) - 1);
    return element;
  }

  /** Ends an open element and all in it. */
  #popTo(element: OpenElement): void {
    for (let top = this.#pop(); top !== undefined && top !== element;) top = this.#pop();
  }
}

const cut = (text: string) => (text.length > MAX_TITLE_LENGTH ? text.slice(0, MAX_TITLE_LENGTH) : text);

// Tables that lay out a page hold whole articles in their cells; those stay paragraphs.
function joinCells(cells: readonly string[]): string {
  const isLayout = cells.length === 1 || cells.some((cell) => cell.includes("\n\n"));
  if (isLayout) return cells.filter((cell) => cell !== "").join("\n\n");
  return cells.map((cell) => cell.replace(/\s*\n\s*/g, " ").trim()).join(" | ");
}
