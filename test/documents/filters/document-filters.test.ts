import nodePath from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DocumentFilters, ProjectConfig } from "millrace";
import { sql } from "millrace/schema";
import { resolveDocumentFilters } from "../../../src/documents/filters/document-filters.ts";
import { documentId } from "../../../src/documents/record/document-id.ts";
import { listDocuments } from "../../../src/documents/list-documents.ts";
import { createDocumentsProject, type DocumentsProject } from "../documents-project.ts";

let project: DocumentsProject;
const paths = [
  "docs/a.md",
  "docs/b.html",
  "docs/deep/a.md",
  "docs/[x].md",
  "docs/caf\u00E9.md",
  "notes/only.txt",
  "broken.md",
];
const records = ["https://x.y/z", "data.jsonl#2"];

beforeAll(async () => {
  project = await createDocumentsProject({
    ...Object.fromEntries(paths.map((path) => [path, path === "broken.md" ? Buffer.from([0xff]) : "text"])),
    "data.jsonl": '{"id":1,"text":"a","url":"https://x.y/z"}\n{"id":2,"text":"b"}\n',
  });
  await project.sync(["."]);
});
afterAll(() => project[Symbol.asyncDispose]());

/** As a project's config declares them. */
const declared: ProjectConfig["documentFilters"] = {
  "in-folder": { select: (folder) => sql`select id from millrace.documents where path like ${folder} || '/%';` },
  "with-status": { select: (status) => sql`select id from millrace.documents where status = ${status} -- a comment` },
  "of-nobody": { select: () => sql`select null::text` },
  "with-topic": { select: (topic) => sql`select document_id from topics where topic = ${topic}` },
  "two-columns": { select: () => sql`select id, path from millrace.documents` },
  "no-query": { select: () => "select id" as never },
  "of-form": {
    select: (value) => {
      if (!value.includes(":")) throw new Error("expected type:name");
      return sql`select id from millrace.documents`;
    },
  },
};

const resolve = (filters: DocumentFilters, workingDirectory?: string) =>
  resolveDocumentFilters({
    database: project.database,
    directory: project.directory,
    filters,
    declared,
    workingDirectory,
  });

/** URIs of what the filters select, so that a failure can be read. */
async function select(filters: DocumentFilters, workingDirectory?: string): Promise<string[] | undefined> {
  const ids = await resolve(filters, workingDirectory);
  expect(ids).toEqual(ids?.toSorted());
  const rows = await project.rows();
  return ids?.map((id) => Object.entries(rows).find(([, row]) => row["id"] === id)?.[0] ?? id).toSorted();
}

describe("filters", () => {
  test("none given restrict nothing", async () => {
    expect(await resolve({})).toBeUndefined();
    expect(await resolve({ ids: undefined, limit: undefined } as unknown as DocumentFilters)).toBeUndefined();
  });

  test.each<[string, DocumentFilters, string[]]>([
    ["no ids select nothing", { ids: [] }, []],
    [
      "ids, paths and addresses together",
      { ids: [documentId("docs/a.md"), "docs/b.html", "https://x.y/z"] },
      ["docs/a.md", "docs/b.html", "https://x.y/z"],
    ],
    ["the beginning of an id", { ids: [documentId("docs/a.md").slice(0, 8).toUpperCase()] }, ["docs/a.md"]],
    ["a path with ./", { ids: ["./docs/a.md"] }, ["docs/a.md"]],
    ["a Windows path", { ids: [String.raw`docs\deep\a.md`] }, ["docs/deep/a.md"]],
    ["the end of a path", { ids: ["only.txt", "deep/a.md"] }, ["docs/deep/a.md", "notes/only.txt"]],
    ["a decomposed name", { ids: ["docs/cafe\u0301.md"] }, ["docs/caf\u00E9.md"]],
    ["a file of records means all of them", { ids: ["data.jsonl"] }, records.toSorted()],
    ["one record", { ids: ["data.jsonl#2"] }, ["data.jsonl#2"]],
    ["the same document twice", { ids: ["docs/a.md", documentId("docs/a.md")] }, ["docs/a.md"]],
    ["a pattern", { includePattern: "docs/**" }, paths.filter((path) => path.startsWith("docs/"))],
    ["a pattern with ./", { includePattern: "./docs/*.md" }, ["docs/[x].md", "docs/a.md", "docs/caf\u00E9.md"]],
    ["a star that stays in its folder", { includePattern: "docs/*.html" }, ["docs/b.html"]],
    ["a pattern without a slash is about file names", { includePattern: "a.*" }, ["docs/a.md", "docs/deep/a.md"]],
    ["a folder's name", { includePattern: "notes" }, ["notes/only.txt"]],
    ["a literal name with brackets", { includePattern: "docs/[x].md" }, ["docs/[x].md"]],
    ["a pattern for addresses", { includePattern: "https://x.y/**" }, ["https://x.y/z"]],
    [
      "exclusion after inclusion",
      { includePattern: "docs/**", excludePattern: "**/a.md" },
      ["docs/[x].md", "docs/b.html", "docs/caf\u00E9.md"],
    ],
    ["exclusion alone", { excludePattern: "docs/**" }, ["broken.md", "notes/only.txt", ...records]],
    ["status", { withStatus: "failed" }, ["broken.md"]],
    ["content type", { withContentType: "text/html" }, ["docs/b.html"]],
    ["a pattern that matches nothing", { includePattern: "nothing/**" }, []],
    ["filters that exclude each other", { ids: ["docs/a.md"], withContentType: "text/html" }, []],
    ["the limit, last and by path", { includePattern: "docs/**", limit: 2 }, ["docs/[x].md", "docs/a.md"]],
  ])("%s", async (_, filters, expected) => expect(await select(filters)).toEqual(expected.toSorted()));

  test("paths may be relative to where the user stands", async () => {
    expect(await select({ ids: ["b.html", "../notes/only.txt"] }, nodePath.join(project.directory, "docs"))).toEqual([
      "docs/b.html",
      "notes/only.txt",
    ]);
  });

  test("all unknown and ambiguous documents are reported at once", async () => {
    await expect(
      resolve({ ids: ["docs/a.md", "a.md", "docs/b.htm", "abc123", "ffffffff0000", "", "https://no.where"] }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(`
      [UsageError: "a.md" may be any of "docs/a.md", "docs/deep/a.md".
      No document is named "docs/b.htm". Did you mean "docs/b.html"?
      No document is named "abc123". An id needs at least 8 of its characters.
      No document is named "ffffffff0000".
      No document is named "".
      No document is named "https://no.where".]
    `);
  });

  test("only ambiguous ones have a code of their own", async () => {
    await expect(resolve({ ids: ["a.md"] })).rejects.toMatchObject({ name: "UsageError", code: "DOCUMENT_AMBIGUOUS" });
  });

  test("a path that means one file here and another in the project is ambiguous", async () => {
    const here = nodePath.join(project.directory, "docs/deep");
    await expect(select({ ids: ["a.md"] }, here)).resolves.toEqual(["docs/deep/a.md"]);
    await expect(select({ ids: ["docs/a.md"] }, here)).resolves.toEqual(["docs/a.md"]);
  });

  test.each<[DocumentFilters, string]>([
    [{ limit: 0 }, "must be a positive integer, not 0"],
    [{ limit: 1.5 }, "must be a positive integer, not 1.5"],
    [{ includePattern: " " }, "the pattern is empty"],
    [{ includePattern: "!docs/**" }, "excludePattern"],
    [{ withStatus: "redy" }, 'Did you mean "ready"?'],
    [{ withContentType: "text/markdwn" }, 'Did you mean "text/markdown"?'],
  ])("%o is refused", async (filters, message) => {
    await expect(resolve(filters)).rejects.toMatchObject({
      code: "FILTER_INVALID",
      message: expect.stringContaining(message) as string,
    });
  });
});

describe("filters that the project declares", () => {
  test.each<[string, DocumentFilters, string[]]>([
    ["give ids with a query", { "in-folder": "docs/deep" }, ["docs/deep/a.md"]],
    ["take values, not text of the query", { "in-folder": "x' or true --" }, []],
    ["select nothing when the query finds nothing", { "in-folder": "nowhere" }, []],
    ["select nothing when the query finds null", { "of-nobody": "x" }, []],
    ["all have to let a document pass", { "in-folder": "docs", "with-status": "failed" }, []],
    ["narrow with the others", { "in-folder": "docs", includePattern: "a.*" }, ["docs/a.md", "docs/deep/a.md"]],
    ["come before the limit", { "in-folder": "docs/deep", limit: 1 }, ["docs/deep/a.md"]],
    ["may end in a comment", { "with-status": "failed" }, ["broken.md"]],
  ])("%s", async (_, filters, expected) => expect(await select(filters)).toEqual(expected.toSorted()));

  test.each<[DocumentFilters, object]>([
    [
      { "in-foldr": "docs" },
      { name: "UsageError", code: "FILTER_UNKNOWN", message: expect.stringContaining('Did you mean "in-folder"?') },
    ],
    // What TypeScript would refuse must not become a run about everything.
    [{ inFolder: "docs" } as DocumentFilters, { code: "FILTER_UNKNOWN" }],
    [{ constructor: "docs" } as unknown as DocumentFilters, { code: "FILTER_UNKNOWN" }],
    [
      { "with-topic": "tides" },
      {
        code: "FILTER_FAILED",
        message: 'Document filter "with-topic": relation "topics" does not exist.',
        hint: expect.stringContaining('`documentFilters["with-topic"]`'),
      },
    ],
    [{ "two-columns": "x" }, { code: "FILTER_FAILED", message: expect.stringContaining("too many columns") }],
    [{ "no-query": "x" }, { code: "FILTER_FAILED", message: expect.stringContaining("returns no SQL") }],
    [{ "of-form": "x" }, { code: "FILTER_FAILED", message: expect.stringContaining("expected type:name") }],
  ])("%o is an error that names it", async (filters, error) => {
    await expect(resolve(filters)).rejects.toMatchObject(error);
  });
});

describe("the list of documents", () => {
  test("says what is wrong with which one", async () => {
    const { database, directory } = project;
    const all = await listDocuments({ database });
    expect(all.map(({ path }) => path)).toEqual([
      "broken.md",
      "data.jsonl",
      "data.jsonl",
      ...paths.filter((path) => path !== "broken.md").toSorted(),
    ]);
    expect(all[0]).toMatchObject({
      status: "failed",
      error: "DOCUMENT_NOT_UTF8: The file is not valid UTF-8.",
      contentType: "text/plain",
    });
    expect(await listDocuments({ database, limit: 2 })).toHaveLength(2);
    expect(await listDocuments({ database, directory, filters: { ids: [] } })).toEqual([]);
    await expect(listDocuments({ database, limit: 0 })).rejects.toMatchObject({ code: "LIMIT_INVALID" });
  });
});
