import { rm } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import nodePath from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadDocument } from "../../src/documents/loaders/load-document.ts";
import { loadHtml } from "../../src/documents/loaders/load-html.ts";
import { loadMarkdown } from "../../src/documents/loaders/load-markdown.ts";
import { type Files, createFolder } from "./documents-project.ts";

const utf16 = (text: string, isBig = false) => {
  const bytes = Buffer.from(text, "utf16le");
  return isBig ? bytes.swap16() : bytes;
};
const FILES: Files = {
  "bom.md": "\uFEFF---\ntitle: With BOM\n---\ntext",
  "crlf.md": "---\r\ntitle: Windows\r\n---\r\n# Head\r\n\r\ntext\r\n",
  "empty.md": "",
  "latin1.md": Buffer.from([0x63, 0x61, 0x66, 0xe9]),
  "utf16.txt": utf16("\uFEFFpl\u00E4in"),
  "utf16be.md": utf16("\uFEFF# Big", true),
  "le.md": utf16("# Title\n\nhello\n"),
  "be.txt": utf16("plain\n", true),
  "le.html": utf16("<p>hello</p>"),
  "cyrillic.txt": utf16("Привет, мир. Как дела?\n"),
  "utf32.txt": Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]),
  "meta.html": Buffer.from(
    '<!-- <meta charset="utf-8"> --><meta charset="windows-1252"><p>\x93caf\xe9\x94 \x80',
    "latin1",
  ),
  "equiv.html": Buffer.from(
    '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><title>\xf0</title>',
    "latin1",
  ),
  "xml.xhtml": Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><html><p>caf\xe9</p></html>', "latin1"),
  "claims.html": Buffer.from('<meta charset="utf-8"><p>caf\xe9', "latin1"),
  "unknown.html": '<meta charset="x-nonsense"><p>é',
  "sixteen.html": '<meta charset="utf-16"><p>é',
  "nul.md": "a\0b",
  "notes.rst": "Title\n=====",
  "image.png": Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0xff]),
  "nul.bin": "a\0b",
  "UPPER.MD": "# Upper",
};
let directory = "";
const load = (name: string) => loadDocument(nodePath.join(directory, name));

beforeAll(async () => {
  directory = await createFolder(FILES);
});
afterAll(() => rm(directory, { recursive: true }));

describe("Markdown", () => {
  test.each([
    ["front matter's title", "---\ntitle: Given\n---\n# Head", "Given"],
    ["a number as title", "---\ntitle: 2024\n---\n", "2024"],
    ["a number as title, as it is written", "---\ntitle: 1.10\n---\n", "1.10"],
    ["a number as title that is no decimal", "---\ntitle: 0x1F\n---\n", "0x1F"],
    ["a long number as title", "---\ntitle: 12345678901234567891\n---\n", "12345678901234567891"],
    ["yes or no as title", "---\ntitle: True\n---\n", "True"],
    ["a day as title", "---\ntitle: 2024-01-02\n---\n", "2024-01-02"],
    ["no title given", "---\ntitle: ~\n---\n# Head", "Head"],
    ["a title on several lines", "---\ntitle: >\n  one\n  two\n---\n", "one two"],
    [
      "the first heading",
      "intro\n\n## Second *level* with `code` and [link](x) ##\n# First",
      "Second level with code and link",
    ],
    ["an underlined heading", "Under\n=====\n", "Under"],
    ["no heading inside a fence", "```md\n# no\n```\n# yes", "yes"],
    ["no heading inside a fence of other length", "````\n```\n# no\n````\n# yes", "yes"],
    ["no heading inside a comment", "<!--\n# no\n-->\n# yes", "yes"],
    ["no hashtag", "#tag\n# yes", "yes"],
    ["no heading after a fence line with a language", "```\ncode\n```js\n# no\n```\n# yes", "yes"],
    ["no heading in indented code", "text\n\n    # no\n\n# yes", "yes"],
    ["no heading of a quotation or a list", "> # no\n\n- # no\n\n# yes", "yes"],
    ["no heading in a script", "<script>\n# no\n</script>\n\n# yes", "yes"],
    ["a heading underlined with dashes", "Under\n-----\n", "Under"],
    ["no table row or rule", "a\n\n---\n\n| a |\n| - |\n\n# yes", "yes"],
    [
      "a heading of HTML",
      '<p align="center">logo</p>\n\n<h1 align="center">\n  <img src="x"> The &amp; Name\n</h1>\n\n# no',
      "The & Name",
    ],
    ["a heading with markup", "# *A* `b` ![logo](x) [c][1] <b>d</b> &amp; \\* ##\n\n[1]: x", "A b logo [c][1] d & *"],
    ["a heading far down", `${"```\n# no\n```\n".repeat(2_000)}\n# yes`, "yes"],
    ["an empty heading's neighbour", "#\n\n## yes", "yes"],
    ["nothing", "text", null],
  ])("title is %s", (_, text, title) => expect(loadMarkdown(text).title).toBe(title));

  test("front matter becomes metadata and leaves the text", () => {
    const { content, metadata } = loadMarkdown("---\ntags: [a, b]\ndate: 2024-01-02\nnested: { x: 1 }\n---\nbody");
    expect({ content, metadata }).toEqual({
      content: "body",
      metadata: { tags: ["a", "b"], date: "2024-01-02", nested: { x: 1 } },
    });
  });

  test("numbers in front matter keep what is written where a number would lose it", () => {
    const yaml = "a: 12345678901234567891\nb: 1.10\nc: 007\nd: .inf\ne: 5\nf: -1.5\ng: [1e3, 2.0]\n1.10: key\nh: true";
    expect(loadMarkdown(`---\n${yaml}\n---\n`).metadata).toEqual({
      a: "12345678901234567891",
      b: "1.10",
      c: "007",
      d: ".inf",
      e: 5,
      f: -1.5,
      g: ["1e3", "2.0"],
      "1.10": "key",
      h: true,
    });
  });

  test.each([
    ["lines", Array.from({ length: 40_000 }, (_, i) => `key${i}: value`).join("\n"), /larger than 64 kB/],
    ["short lines", 'a: "\n'.repeat(8_000), /more than 2,000 lines/],
    [
      "keys on one line",
      `a: {${Array.from({ length: 5_000 }, (_, i) => `k${i}: 1`).join(", ")}}`,
      /more than 1,000 keys/,
    ],
    ["lists", `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`, /more than 1,000 lists/],
    ["nesting that is allowed in YAML", `a: ${"[".repeat(500)}${"]".repeat(500)}`, /nested too deeply/],
  ])("front matter of very many %s is an error at once", (_, yaml, message) => {
    const failure = errorOf(() => loadMarkdown(`---\n${yaml}\n---\n# Head`));
    expect(failure).toMatchObject({ code: "FRONT_MATTER_INVALID", message: expect.stringMatching(message) as string });
  });

  test.each([
    ["a rule at the top", "---\n\nSome: text: here\n\n---\nmore"],
    ["front matter that is never closed", "---\ntitle: x\n"],
    ["dashes further down", "text\n---\na: b\n---\n"],
  ])("%s is text", (_, text) => expect(loadMarkdown(text)).toMatchObject({ content: text, metadata: {} }));

  test.each([
    ["bad indentation", "---\ntitle: a\n  b: c\n---\n", /^The front matter is not valid YAML: .* \(line [23]\)\.$/],
    ["a repeated key", "---\nsecret: a\nsecret: b\n---\n", /duplicate key \(line 3\)/],
    ["a list", "---\n- secret\n---\n", /it has no keys/],
    ["a cycle", "---\na: &x [*x]\n---\n", /nested too deeply/],
    ["an unknown alias", "---\na: *secret\n---\n", /front matter/],
    [
      "a bomb of aliases",
      `---\na: &a [1,1,1,1,1,1,1,1,1]\n${"bcdefghi"
        .split("")
        .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`)
        .join("\n")}\n---\n`,
      /aliases/,
    ],
  ])("%s in front matter is an error that does not quote it", (_, text, message) => {
    const failure = errorOf(() => loadMarkdown(text));
    expect(failure).toMatchObject({ code: "FRONT_MATTER_INVALID", message: expect.stringMatching(message) as string });
    expect(failure?.message).not.toContain("secret");
  });

  test("a heading of two megabytes does not take long", () => {
    expect(loadMarkdown(`# ${"[ *x ".repeat(400_000)}`).title?.length).toBeLessThanOrEqual(300);
  });
});

describe("HTML", () => {
  test("tables and entities stay readable, headings keep their level, scripts are left out", async () => {
    const html = `<!doctype html><html><head><title>A &amp; B</title><style>x{}</style></head><body><script>no()</script>
      <h1>Head</h1><p>Fish&nbsp;&amp; <a href="/x">chips</a> &copy; &#x1F600;</p>
      <table><thead><tr><th>Name</th><th>Age</th></tr></thead><tr><td><p>Ann</p></td><td>7</td></tr></table>
      <h2>Next</h2><ul><li>one</li><li>two</li></ul></body></html>`;
    const { title, content } = await loadHtml(html);
    expect(title).toBe("A & B");
    expect(content.replaceAll("\u00A0", " ")).toMatchInlineSnapshot(`
      "# Head

      Fish & chips © 😀

      Name | Age
      Ann | 7

      ## Next

       * one
       * two"
    `);
  });

  test.each([
    ["the first h1", "<h2>no</h2><h1>Only <em>this</em></h1><h1>not</h1>", "Only this"],
    ["the first heading", "<h3>Only &amp; this</h3><h2>not</h2>", "Only & this"],
    ["not that of an icon", "<svg><title>Icon</title></svg><h1>Head</h1>", "Head"],
    ["not one in a comment", "<!-- <title>Draft</title> --><h1>Head</h1>", "Head"],
    ["not one in a script", '<script>"<title>no</title>"</script><h1>Head</h1>', "Head"],
    ["not one in a template", "<template><title>no</title><h1>no</h1></template><h1>Head</h1>", "Head"],
    ["not an empty one", "<title> </title><h1></h1><h2>Head</h2>", "Head"],
    ["the page's, whatever else has one", "<title>Page</title><svg><title>Icon</title></svg>", "Page"],
    ["a heading that nobody closed", "<h1>Head<p>text", "Head"],
  ])("title: %s", async (_, html, title) => expect((await loadHtml(html)).title).toBe(title));

  test.each([
    [
      "a layout table keeps its paragraphs",
      "<table><tr><td><h2>A</h2><p>b</p></td><td>side</td></tr></table>",
      "## A\n\nb\n\nside",
    ],
    [
      "a caption, rows and cells that nobody closed",
      "<table><caption>C<tr><td>1<td>2<tr><td>3<td>4</table>x",
      "C\n1 | 2\n3 | 4\n\nx",
    ],
    ["a table in a table", "<table><tr><td><table><tr><td>in<td>ner</table><td>out</table>", "in | ner | out"],
    ["text beside the cells of a table", "<table>lost?<tr><td>cell</table>", "lost?\n\ncell"],
    [
      "definitions",
      "<dl><dt>timeout<dd>Seconds to wait<dt>retries<dd>How often</dl>",
      "timeout\nSeconds to wait\nretries\nHow often",
    ],
    ["details", "<details><summary>Why</summary>Because</details>", "Why\nBecause"],
    ["choices and buttons", "<select><option>A<option>B</select><button>C</button><button>D</button>", "A B C D"],
    ["figures and sections", "<section>a</section><figure>b<figcaption>c</figcaption></figure>d", "a\nb\nc\nd"],
    ["a picture between words", "a<img src=x>b", "a b"],
    ["labels of a drawing", "<svg><text>a</text><text>b</text></svg>", "a b"],
    ["parts of a word", "un<b>believ</b>able<wbr>!", "unbelievable!"],
    ["line ends", "a<br>b<br><br>c<hr>d", "a\nb\n\nc\n\n---\n\nd"],
    [
      "lists in lists",
      "<ul><li>a<ul><li>b</ul><li>c</ul><ol start=3><li>d<li>e</ol>",
      " * a\n    * b\n * c\n\n 3. d\n 4. e",
    ],
    ["code", "<pre>\na\n  b\n\nc <b>d</b>\n</pre>e", "a\n  b\n\nc d\n\ne"],
    ["quotations", "x<blockquote>a<p>b<blockquote>c</blockquote></blockquote>d", "x\n\n> a\n>\n> b\n>\n> > c\n\nd"],
    ["a drawing that nobody closed", "<svg><path d=x/><p>a<br/>b", "a\nb"],
    [
      "what is not shown",
      "<noscript>no</noscript><template><ul><li>no</ul></template><style>no</style><ul><li>yes</ul>",
      " * yes",
    ],
  ])("text: %s", async (_, html, text) => expect((await loadHtml(html)).content).toBe(text));

  test.each([
    "<span>",
    "<div>",
    "<blockquote>",
    "<ul><li>",
    "<table><tr><td>",
    "<font color=red>",
    "<h1>",
    "<svg>",
    "<dl><dd>",
  ])("100,000 levels of %s are read in one go", async (tags) => {
    const { content } = await loadHtml(`<p>start</p>${`${tags}word `.repeat(100_000)}<p>end</p>`);
    expect(content).toMatch(/^start\s[^]*word[^]*end$/);
    expect(content.length).toBeLessThan(10_000_000);
  });

  test("end tags of what is not open are passed over in one go", async () => {
    const { content } = await loadHtml(
      `<ul><table><tr><td>${"<blockquote>".repeat(100_000)}a${"</ul></li>".repeat(100_000)}b`,
    );
    expect(content).toMatch(/a\s[^]*b$/);
  });

  test("a large page lets the event loop turn", async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await loadHtml("<p>word</p>".repeat(200_000));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});

describe("files", () => {
  test.each([
    ["bom.md", { title: "With BOM", content: "text" }],
    ["crlf.md", { title: "Windows", content: "# Head\r\n\r\ntext\r\n" }],
    ["empty.md", { title: "empty", content: "", contentType: "text/markdown" }],
    ["nul.md", { content: "a\uFFFDb" }],
    ["utf16.txt", { content: "pl\u00E4in" }],
    ["utf16be.md", { title: "Big" }],
    ["meta.html", { content: "“café” €" }],
    ["equiv.html", { title: "П" }],
    ["xml.xhtml", { content: "café" }],
    ["unknown.html", { content: "é" }],
    ["sixteen.html", { content: "é" }],
    ["notes.rst", { title: "notes", contentType: "text/plain" }],
    ["UPPER.MD", { title: "Upper", contentType: "text/markdown" }],
  ])("%s is read", async (name, expected) => expect(await load(name)).toMatchObject(expected));

  test.each([
    ["latin1.md", "DOCUMENT_NOT_UTF8", "The file is not valid UTF-8."],
    ["le.md", "DOCUMENT_NOT_UTF8", "The file is UTF-16LE without a byte order mark, it seems, and not UTF-8."],
    ["be.txt", "DOCUMENT_NOT_UTF8", "The file is UTF-16BE without a byte order mark, it seems, and not UTF-8."],
    ["le.html", "DOCUMENT_NOT_UTF8", "The file is UTF-16LE without a byte order mark, it seems, and not UTF-8."],
    ["cyrillic.txt", "DOCUMENT_NOT_UTF8", "The file is UTF-16LE without a byte order mark, it seems, and not UTF-8."],
    ["utf32.txt", "DOCUMENT_NOT_UTF8", "The file is UTF-32, which nothing here reads."],
    ["claims.html", "DOCUMENT_NOT_UTF8", "The file is not valid UTF-8."],
    ["image.png", "DOCUMENT_NOT_TEXT", "The file is not a text file."],
    ["nul.bin", "DOCUMENT_NOT_TEXT", "The file is not a text file."],
    ["missing.md", "DOCUMENT_UNREADABLE", "The file does not exist."],
    [".", "DOCUMENT_UNREADABLE", "It is not a file."],
  ])("%s is refused as %s", async (name, code, message) => expect(load(name)).rejects.toMatchObject({ code, message }));

  test.skipIf(process.platform === "win32")("a named pipe is refused instead of waited for", async () => {
    execFileSync("mkfifo", [nodePath.join(directory, "pipe.md")]);
    await expect(load("pipe.md")).rejects.toMatchObject({ code: "DOCUMENT_UNREADABLE" });
  });
});

function errorOf(work: () => unknown): { code: string; message: string } | undefined {
  try {
    work();
  } catch (error) {
    return error as { code: string; message: string };
  }
  return undefined;
}
