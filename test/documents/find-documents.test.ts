import { rm, symlink } from "node:fs/promises";
import nodePath from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findDocuments } from "../../src/documents/find-documents.ts";
import { createFolder } from "./documents-project.ts";

const ODD_NAMES = [
  "with space.md",
  "quote'\".md",
  "emoji 🚀.md",
  "brackets [1].md",
  "{a,b}.md",
  "per%cent.md",
  "!bang.md",
  "a:b.md",
];
let directory = "";

beforeAll(async () => {
  const files = [
    "docs/a.md",
    "docs/b.txt",
    "docs/c.png",
    "docs/deep/d.HTML",
    "docs/.hidden.md",
    "docs/.git/e.md",
    "docs/node_modules/x/f.md",
    "docs [old]/g.md",
    "list.txt",
    "prose.txt",
  ];
  const texts = Object.fromEntries([...files, ...ODD_NAMES.map((name) => `odd/${name}`)].map((name) => [name, "x"]));
  directory = await createFolder({
    ...texts,
    "list.txt": "# pages\nhttps://example.com\n\nhttps://example.com/a b".replace(" b", "\nhttps://example.com/b"),
    "prose.txt": "https://example.com is nice",
  });
  await symlink("..", nodePath.join(directory, "docs/deep/up"));
  await symlink(nodePath.join(directory, "docs"), nodePath.join(directory, "docs/again"));
});
afterAll(() => rm(directory, { recursive: true }));

const find = async (...patterns: string[]) => {
  const { sources, warnings } = await findDocuments({ directory, patterns });
  return { names: sources.map((source) => (source.kind === "file" ? source.path : source.url)), warnings };
};

describe("entries of `documents`", () => {
  test.each([
    ["a pattern", ["./docs/**/*.md"], ["docs/a.md"]],
    ["a folder, with what it supports, in any case", ["docs"], ["docs/a.md", "docs/b.txt", "docs/deep/d.HTML"]],
    ["a file", ["./docs/c.png"], ["docs/c.png"]],
    ["brackets in a folder's name", ["./docs [old]/*.md"], ["docs [old]/g.md"]],
    ["several that overlap", ["docs/*.md", "docs"], ["docs/a.md", "docs/b.txt", "docs/deep/d.HTML"]],
    ["an exclusion", ["docs", "!docs/deep"], ["docs/a.md", "docs/b.txt"]],
    ["an exclusion by a pattern", ["docs", "!**/*.HTML"], ["docs/a.md", "docs/b.txt"]],
    ["the pattern with braces", ["docs/*.{md,txt}"], ["docs/a.md", "docs/b.txt"]],
    ["an address", ["https://example.com"], ["https://example.com/"]],
    ["a list of addresses", ["list.txt"], ["https://example.com/", "https://example.com/a", "https://example.com/b"]],
    ["a text that mentions an address", ["prose.txt"], ["prose.txt"]],
  ])("%s", async (_, patterns, names) => expect((await find(...patterns)).names).toEqual(names));

  test.each(ODD_NAMES)("the file %s is found by its name and by a pattern", async (name) => {
    expect((await find(`odd/${name}`)).names).toEqual([`odd/${name}`]);
    expect((await find("odd/*.md")).names).toContain(`odd/${name}`);
  });

  test("absolute paths and paths from elsewhere lead to the same documents", async () => {
    expect((await find(nodePath.join(directory, "docs/*.md"))).names).toEqual(["docs/a.md"]);
    expect((await find("docs", `!${nodePath.join(directory, "docs/deep/**")}`)).names).toEqual([
      "docs/a.md",
      "docs/b.txt",
    ]);
    expect((await find(`../${nodePath.basename(directory)}/docs/*.md`)).names).toEqual(["docs/a.md"]);
  });

  test("what matches nothing is named", async () => {
    const { names, warnings } = await find("./docs/*.md", "./nothing/**/*.md", "./missing.md");
    expect(names).toEqual(["docs/a.md"]);
    expect(warnings).toEqual([expect.stringContaining("./nothing/**/*.md"), expect.stringContaining("./missing.md")]);
  });
});
