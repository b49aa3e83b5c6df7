import { rm } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import nodePath from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadDocument } from "../../src/documents/loaders/load-document.ts";
import { loadHtml } from "../../src/documents/loaders/load-html.ts";
import { loadMarkdown } from "../../src/documents/loaders/load-markdown.ts";
import { type Files, createFolder } from "./documents-project.ts";

const UTF16 = Buffer.from([0xff, 0xfe, 0x61, 0x00]);
const FILES: Files = {
  "bom.md": "\uFEFF---\ntitle: With BOM\n---\ntext",
  "crlf.md": "---\r\ntitle: Windows\r\n---\r\n# Head\r\n\r\ntext\r\n",
  "empty.md": "",
  "latin1.md": Buffer.from([0x63, 0x61, 0x66, 0xe9]),
  "utf16.txt": UTF16,
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
  test("tables and entities stay readable, headings keep their level, scripts are left out", () => {
    const html = `<!doctype html><html><head><title>A &amp; B</title><style>x{}</style></head><body><script>no()</script>
      <h1>Head</h1><p>Fish&nbsp;&amp; <a href="/x">chips</a> &copy; &#x1F600;</p>
      <table><thead><tr><th>Name</th><th>Age</th></tr></thead><tr><td><p>Ann</p></td><td>7</td></tr></table>
      <h2>Next</h2><ul><li>one</li><li>two</li></ul></body></html>`;
    const { title, content } = loadHtml(html);
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

  test("the first h1 stands in for a missing title", () => {
    expect(loadHtml("<h1>Only <em>this</em></h1><h1>not</h1>").title).toBe("Only this");
  });

  test("a layout table keeps its paragraphs", () => {
    expect(loadHtml("<table><tr><td><h2>A</h2><p>b</p></td><td>side</td></tr></table>").content).toBe(
      "## A\n\nb\n\nside",
    );
  });

  test("elements nested without end are an error, not a crash", () => {
    const html = `${"<div>".repeat(20_000)}x`;
    expect(errorOf(() => loadHtml(html))?.code).toBe("HTML_INVALID");
  });
});

describe("files", () => {
  test.each([
    ["bom.md", { title: "With BOM", content: "text" }],
    ["crlf.md", { title: "Windows", content: "# Head\r\n\r\ntext\r\n" }],
    ["empty.md", { title: "empty", content: "", contentType: "text/markdown" }],
    ["nul.md", { content: "a\uFFFDb" }],
    ["notes.rst", { title: "notes", contentType: "text/plain" }],
    ["UPPER.MD", { title: "Upper", contentType: "text/markdown" }],
  ])("%s is read", async (name, expected) => expect(await load(name)).toMatchObject(expected));

  test.each([
    ["latin1.md", "DOCUMENT_NOT_UTF8", "The file is not valid UTF-8."],
    ["utf16.txt", "DOCUMENT_NOT_UTF8", "The file is UTF-16, not UTF-8."],
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
