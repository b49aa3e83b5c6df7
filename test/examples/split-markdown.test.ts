import { performance } from "node:perf_hooks";
import { describe, expect, test } from "vitest";
import { findBlocks } from "../../examples/indexing/helpers/find-blocks.ts";
import { offsetsOf, parseMarkdown, visibleText } from "../../examples/indexing/helpers/markdown.ts";
import { splitMarkdown } from "../../examples/indexing/helpers/split-markdown.ts";
import { randomMarkdown } from "./random-markdown.ts";

const defaults = { maxSectionChars: 5_000, minSectionSize: 500, overlapChars: 200 };
const small = { maxSectionChars: 80, minSectionSize: 20, overlapChars: 10 };
const tiny = { maxSectionChars: 2, minSectionSize: 1, overlapChars: 1 };
const fine = { ...defaults, minSectionSize: 1 };
const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed);
const headings = async (text: string) => (await splitMarkdown(text, fine)).map((section) => section.heading);

describe("sections partition the text", () => {
  test.each(seeds(100))("random document %i", async (seed) => {
    const text = randomMarkdown(seed);
    for (const options of seed < 20 ? [defaults, small, tiny] : [defaults, small]) {
      const sections = await splitMarkdown(text, options);
      if (text.trim() === "") expect(sections).toEqual([]);
      else expect(sections.map((section) => section.content).join("")).toBe(text);
      for (const [index, section] of sections.entries()) {
        expect(text.slice(section.startOffset, section.endOffset)).toBe(section.content);
        expect(section.content.length).toBeGreaterThan(0);
        expect(section.content.length).toBeLessThanOrEqual(options.maxSectionChars);
        expect(section.content).not.toMatch(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/);
        expect(
          sections[index - 1]?.content.endsWith(section.overlapPrefix ?? "none") ?? section.overlapPrefix === null,
        ).toBe(true);
        expect(
          sections[index + 1]?.content.startsWith(section.overlapSuffix ?? "none") ?? section.overlapSuffix === null,
        ).toBe(true);
      }
    }
  });

  test.each(seeds(40))("no short section of random document %i has a neighbour it fits with", async (seed) => {
    const sections = await splitMarkdown(randomMarkdown(seed), small);
    const sizes = sections.map((section) => section.content.length);
    for (const [index, size] of sizes.slice(1).entries()) {
      const before = sizes[index] ?? 0;
      if (Math.min(size, before) < small.minSectionSize) expect(size + before).toBeGreaterThan(small.maxSectionChars);
    }
  });

  test("an empty or blank text has no sections", async () => {
    expect(await splitMarkdown("", defaults)).toEqual([]);
    expect(await splitMarkdown("\uFEFF \r\n\t\n", defaults)).toEqual([]);
  });

  test("a short introduction and a short first heading stay", async () => {
    const text = `Hi.\n\n# A\n\n## B\n\n${"Long text. ".repeat(60)}`;
    const sections = await splitMarkdown(text, defaults);
    expect(sections.map((section) => section.content)).toEqual([text]);
    expect(sections[0]?.heading).toBe("A");
  });
});

describe("headings", () => {
  test("are found by both notations, with their text as a reader sees it", async () => {
    expect(await headings("# One `x` *two*  ##\n\na\n\nTwo\n===\n\nb\n\nThree & [four](u)\n---\n\nc")).toEqual([
      "One x two",
      "Two",
      "Three & four",
    ]);
  });

  test("are not found in code, quotes, lists or comments", async () => {
    const text =
      "start\n\n```sh\n# a\n```\n\n~~~~\n# b\n~~~\n# c\n~~~~\n\n    # d\n\n> # e\n\n- # f\n\n<!--\n# g\n-->\n\n#h\n";
    expect(await headings(text)).toEqual([null]);
  });

  test.each(["\uFEFF# A\n\nb\n\n# C", "# A\r\n\r\nb\r\n\r\n# C", "# A\r\rb\r\r# C", "#\tA\n\n\tb\n\n# C"])(
    "%j",
    async (text) => {
      expect(await headings(text)).toEqual(["A", "C"]);
    },
  );

  test("are the same whether the text is parsed in windows or at once", async () => {
    const text = Array.from({ length: 120 }, (_, seed) => randomMarkdown(seed + 1_000))
      .filter((part) => !part.includes("```\nopen") && !/\r(?!\n)/.test(part))
      .join("\n\n")
      .replaceAll("\uFEFF", "");
    expect(text.length).toBeGreaterThan(60_000);
    const atOnce = parseMarkdown(text).children.filter((node) => node.type === "heading");
    const inWindows = (await findBlocks(text)).filter((block) => block.heading !== null);
    expect(inWindows.map((block) => block.heading)).toEqual(
      atOnce.map((node) => visibleText(node).replace(/\s+/g, " ").trim()),
    );
    expect(inWindows.map((block) => block.start)).toEqual(
      atOnce.map((node) => text.lastIndexOf("\n", offsetsOf(node).start - 1) + 1),
    );
  });

  test("behind a fence that is larger than every window", async () => {
    const fence = ["```", "# no\n\n".repeat(20_000), "```"].join("\n");
    expect(new Set(await headings(`# A\n\n${fence}\n\n# B\n`))).toEqual(new Set(["A", "B"]));
  });
});

describe("cuts", () => {
  const cut = async (text: string, maxSectionChars = 40) =>
    (await splitMarkdown(text, { maxSectionChars, minSectionSize: 1, overlapChars: 0 })).map(
      (section) => section.content,
    );

  test("fall before a block, then after a line, a sentence, a word, a character", async () => {
    expect(await cut("One block is here.\n\nAnother block\nis here too.")).toEqual([
      "One block is here.\n\n",
      "Another block\nis here too.",
    ]);
    expect(await cut("a line that is 25 chars..\nand another line of some length")).toEqual([
      "a line that is 25 chars..\n",
      "and another line of some length",
    ]);
    expect(await cut("A sentence of some length. Another sentence of some length.")).toEqual([
      "A sentence of some length. ",
      "Another sentence of some length.",
    ]);
    expect(await cut("several words without any other kind of mark")).toEqual([
      "several words without any other kind of ",
      "mark",
    ]);
    expect(await cut("\u{1F600}".repeat(6), 5)).toEqual([
      "\u{1F600}\u{1F600}",
      "\u{1F600}\u{1F600}",
      "\u{1F600}\u{1F600}",
    ]);
  });
});

test("two megabytes never hold the event loop for long", { timeout: 120_000 }, async () => {
  const chapter = Array.from(
    { length: 40 },
    (_, part) =>
      `## Part ${part}\n\n${"Harbor *depends* on `postgres` and [Redis](https://r.example). ".repeat(20)}\n\n- a\n- b\n`,
  ).join("\n");
  const text = chapter.repeat(Math.ceil(2_000_000 / chapter.length));
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const sections = await splitMarkdown(text, defaults);
  clearInterval(timer);
  expect(sections.length).toBeGreaterThan(400);
  expect(longest).toBeLessThan(10_000);
});
