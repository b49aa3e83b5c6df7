import { execFileSync } from "node:child_process";
import { rename, symlink, truncate } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import nodePath from "node:path";
import { describe, expect, test } from "vitest";
import { documentId } from "../../src/documents/record/document-id.ts";
import { isPrivateAddress } from "../../src/documents/loaders/fetch-page.ts";
import { readDocumentContent } from "../../src/documents/read-content.ts";
import { documentSet, listDocumentSets } from "../../src/documents/document-sets.ts";
import { createDocumentsProject, type Files } from "./documents-project.ts";

const counts = ({ added, changed, removed, unchanged, failed }: Awaited<ReturnType<Project["sync"]>>) => ({
  added,
  changed,
  removed,
  unchanged,
  failed: failed.length,
});
type Project = Awaited<ReturnType<typeof createDocumentsProject>>;

function manyFiles(count: number, folder = "docs"): Files {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}/${i}.md`, `# Document ${i}\n\ntext`]));
}

/** Five hundred documents of every awkward kind; every 50th cannot be read. */
function nastyFiles(): Files {
  const kinds: ((i: number) => [string, string | Uint8Array])[] = [
    (i) => [
      `${i}.md`,
      `---\ntitle: "T ${i}"\ntags: [a, "b: c"]\nnul: "\\0"\n---\n# H\n\n| a | b |\n|---|---|\n| ${i} | 2 |\n`,
    ],
    (i) => [`${i}.html`, `<title>P ${i} &lt;</title><table><tr><td>${i}</td><td>x</td></tr></table>`],
    (i) => [`fence ${i}.md`, `\`\`\`ts\n# no ${i}\n\`\`\`\n# yes ${i}\r\n`],
    (i) => [`empty ${i}.txt`, ""],
    (i) => [`emoji 🚀 [${i}] 'q' "d" %_.md`, `\uFEFF😀 ${i} \0`],
    (i) => [`deep/${"x/".repeat(20)}${i}.markdown`, `---\na: [1, {b: null}]\n...\n${i}`],
    (i) => [`back\\slash ${i}.txt`, `\uFFFF\u2028${i}`],
    (i) => [`cafe\u0301 ${i}.mdx`, `import x from "y"\n\n# ${i}`],
  ];
  const files = Array.from({ length: 500 }, (_, i): [string, string | Uint8Array] => {
    if (i % 50 === 49)
      return [`docs/broken ${i}.md`, i % 100 === 99 ? Buffer.from([0xff, 0xfe, i]) : "---\na: [\n---\n"];
    if (i % 100 === 0) return [`docs/big ${i}.md`, `# Big\n${"word ".repeat(400_000)}`];
    const [name, text] = (kinds[i % kinds.length] as (typeof kinds)[number])(i);
    return [`docs/${name}`, text];
  });
  return Object.fromEntries(files);
}

describe("a sync", () => {
  test("brings in 500 nasty documents, names each broken one, and touches nothing the second time", async () => {
    await using project = await createDocumentsProject(nastyFiles());
    const first = await project.sync(["./docs"]);
    expect(counts(first)).toEqual({ added: 490, changed: 0, removed: 0, unchanged: 0, failed: 10 });
    expect(first.failed).toContainEqual({
      path: "docs/broken 99.md",
      code: "DOCUMENT_NOT_UTF8",
      message: "The file is not valid UTF-16LE.",
    });
    const before = await project.rows();
    expect(counts(await project.sync(["./docs"]))).toEqual({
      added: 0,
      changed: 0,
      removed: 0,
      unchanged: 490,
      failed: 10,
    });
    expect(await project.rows()).toEqual(before);
    expect(before["docs/1.html"]).toMatchObject({
      title: "P 1 <",
      content_type: "text/html",
      status: "ready",
      error: null,
      content: null,
    });
    for (const row of Object.values(before)) {
      if (row["status"] === "failed") continue;
      const document = { id: String(row["id"]), path: String(row["path"]), contentHash: String(row["content_hash"]) };
      expect(typeof (await readDocumentContent({ directory: project.directory, document }))).toBe("string");
    }
  });

  test("sees edits, renames, deletions and emptied files", async () => {
    await using project = await createDocumentsProject(manyFiles(10));
    await project.sync(["docs/*.md"]);
    const before = await project.rows();
    await project.write({ "docs/0.md": "# Document 0\n\nother", "docs/new.md": "new" });
    await rename(nodePath.join(project.directory, "docs/1.md"), nodePath.join(project.directory, "docs/renamed.md"));
    await project.remove("docs/2.md");
    await truncate(nodePath.join(project.directory, "docs/3.md"));
    expect(counts(await project.sync(["docs/*.md"]))).toEqual({
      added: 2,
      changed: 2,
      removed: 2,
      unchanged: 6,
      failed: 0,
    });
    const after = await project.rows();
    expect(after["docs/4.md"]).toEqual(before["docs/4.md"]);
    expect(after["docs/0.md"]?.["updated_at"]).not.toEqual(before["docs/0.md"]?.["updated_at"]);
    expect(after["docs/3.md"]).toMatchObject({ title: "3", status: "ready" });
    expect(Object.keys(after)).toHaveLength(10);
  });

  test("front matter alone counts as a change of metadata, not of the text", async () => {
    await using project = await createDocumentsProject({ "a.md": "---\ntags: [x]\n---\n# A" });
    await project.sync(["a.md"]);
    const hash = (await project.rows())["a.md"]?.["content_hash"];
    await project.write({ "a.md": "---\ntags: [y]\n---\n# A" });
    expect(await project.sync(["a.md"])).toMatchObject({ changed: 1 });
    expect((await project.rows())["a.md"]).toMatchObject({ content_hash: hash, metadata: { tags: ["y"] } });
    await project.write({ "a.md": "---\ntags: [y]\ntitle: B\n---\n# A" });
    await project.sync(["a.md"]);
    expect((await project.rows())["a.md"]?.["content_hash"]).not.toBe(hash);
  });

  test("a document that breaks keeps what is known of it, and recovers", async () => {
    await using project = await createDocumentsProject({ "a.md": "# A", "b.md": "# B" });
    await project.sync(["*.md"]);
    const before = (await project.rows())["a.md"];
    await project.write({ "a.md": Buffer.from([0xff]) });
    const { failed, unchanged } = await project.sync(["*.md"]);
    expect(failed).toEqual([{ path: "a.md", code: "DOCUMENT_NOT_UTF8", message: "The file is not valid UTF-8." }]);
    expect(unchanged).toBe(1);
    expect((await project.rows())["a.md"]).toMatchObject({
      status: "failed",
      error_code: "DOCUMENT_NOT_UTF8",
      title: "A",
      content_hash: before?.["content_hash"],
    });
    await project.write({ "a.md": "# A" });
    await project.sync(["*.md"]);
    expect((await project.rows())["a.md"]).toMatchObject({
      status: "ready",
      error: null,
      content_hash: before?.["content_hash"],
    });
  });

  test("gives a project in another folder the same ids and hashes", async () => {
    const files = { "docs/a.md": "# A", "docs/cafe\u0301.md": "x", "data.jsonl": '{"text":"x"}' };
    await using here = await createDocumentsProject(files);
    await using there = await createDocumentsProject(files);
    await here.sync(["./docs", "data.jsonl"]);
    await there.sync(["docs/*.md", nodePath.join(there.directory, "data.jsonl")]);
    const identities = async (project: Project) =>
      Object.values(await project.rows()).map((row) => [row["id"], row["content_hash"]]);
    expect(await identities(here)).toEqual(await identities(there));
  });

  test("two at once both succeed", async () => {
    await using project = await createDocumentsProject(manyFiles(50));
    const results = await Promise.all([project.sync(["docs"]), project.sync(["docs"])]);
    expect(results.map(({ added }) => added).toSorted((a, b) => a - b)).toEqual([0, 50]);
  });

  test("lets the event loop turn while it reads", async () => {
    await using project = await createDocumentsProject(manyFiles(300));
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await project.sync(["docs"]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
});

describe("documents that vanish", () => {
  test("more than half of a source stops the sync, and nothing is written", async () => {
    await using project = await createDocumentsProject({ ...manyFiles(6), ...manyFiles(50, "large") });
    const patterns = ["./docs/*.md", "./large"];
    await project.sync(patterns);
    const before = await project.rows();
    await project.remove("docs/0.md", "docs/1.md", "docs/2.md", "docs/3.md");
    await project.write({ "docs/4.md": "edited", "docs/new.md": "x" });
    await expect(project.sync(patterns)).rejects.toMatchObject({
      code: "DOCUMENTS_VANISHED",
      message: '4 of 6 documents from "./docs/*.md" would be removed. Nothing was changed.',
      hint: expect.stringContaining("--allow-deletes") as string,
    });
    expect(await project.rows()).toEqual(before);
    expect(counts(await project.sync(patterns, { allowDeletes: true }))).toEqual({
      added: 1,
      changed: 1,
      removed: 4,
      unchanged: 51,
      failed: 0,
    });
  });

  test("a missing folder stops the sync even when other sources are larger", async () => {
    await using project = await createDocumentsProject({ ...manyFiles(4), ...manyFiles(50, "large") });
    await project.sync(["docs", "large"]);
    await project.remove("docs");
    await expect(project.sync(["docs", "large"])).rejects.toMatchObject({ code: "DOCUMENTS_VANISHED" });
  });

  test.each([[["docs"]], [["./nothing/*.md"]]])("nothing at all is an error", async (patterns) => {
    await using project = await createDocumentsProject({ "docs/a.png": "x", "a.md": "x" });
    await project.sync(["a.md"]);
    await project.remove("a.md");
    await expect(project.sync(patterns)).rejects.toMatchObject({ code: "DOCUMENTS_NOT_FOUND" });
    expect(Object.keys(await project.rows())).toEqual(["a.md"]);
    expect(await project.sync(patterns, { allowDeletes: true })).toMatchObject({
      removed: 1,
      warnings: [expect.stringContaining(patterns[0] ?? "")],
    });
  });

  test("what is missing is named: a path, a folder without documents, a pattern", async () => {
    await using project = await createDocumentsProject({ "docs/a.png": "x" });
    await expect(project.sync(["docs", "notes", "*.md"])).rejects.toMatchObject({
      message: expect.stringMatching(
        /The folder "docs" holds no documents \(.*\.md.*\)\. "notes" does not exist in .*\. No document matches "\*\.md"/,
      ) as string,
      // Nothing was ever there to be deleted.
      hint: expect.not.stringContaining("--allow-deletes") as string,
    });
  });

  test("a sync that is cancelled changes nothing", async () => {
    await using project = await createDocumentsProject(manyFiles(5));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(project.sync(["docs"], { signal })).rejects.toThrow("enough");
    expect(await project.rows()).toEqual({});
  });

  test("a set never removes the documents of another", async () => {
    await using project = await createDocumentsProject({ ...manyFiles(5), "other/x.md": "x", "other/y.md": "y" });
    await project.sync(["docs", "other/x.md"]);
    const set = documentSet(["./other"]);
    expect(counts(await project.sync(["./other"], { set }))).toEqual({
      added: 1,
      changed: 0,
      removed: 0,
      unchanged: 1,
      failed: 0,
    });
    expect(Object.keys(await project.rows())).toHaveLength(7);
    expect(await listDocumentSets(project.database)).toEqual([
      { set, patterns: ["./other"] },
      { set: "config", patterns: ["docs", "other/x.md"] },
    ]);
    // No longer in the config, and still in the other set.
    expect(await project.sync(["docs"])).toMatchObject({ removed: 0, unchanged: 5 });
    expect(Object.keys(await project.rows())).toContain("other/x.md");
    await project.remove("other/x.md");
    expect(await project.sync(["./other"], { set })).toMatchObject({ removed: 1 });
    expect(await project.sync(["docs"])).toMatchObject({ removed: 0, unchanged: 5 });
  });
});

describe.skipIf(process.platform === "win32")("links", () => {
  test("out of the folder, to nothing, and what is no file are named and not read", async () => {
    await using project = await createDocumentsProject({
      "docs/a.md": "# A",
      "docs/deep/b.md": "# B",
      "secret/key.txt": "key",
      "other/c.md": "# C",
    });
    const link = (target: string, name: string) => symlink(target, nodePath.join(project.directory, "docs", name));
    await link("../secret/key.txt", "key.txt");
    await link("../secret", "folder");
    await link("deep/b.md", "inside.md");
    await link("../other/c.md", "listed.md");
    await link("/proc/self/environ", "environ.txt");
    await link("missing.md", "gone.md");
    execFileSync("mkfifo", [nodePath.join(project.directory, "docs/pipe.md")]);
    const { failed, added } = await project.sync(["docs", "other", "docs/environ.txt"]);
    expect(added).toBe(3);
    expect(failed.map(({ path, code }) => `${path.split("/").slice(-2).join("/")} ${code}`).toSorted()).toEqual([
      "docs/environ.txt DOCUMENT_LINK_OUTSIDE",
      "docs/folder FOLDER_UNREADABLE",
      "docs/gone.md DOCUMENT_UNREADABLE",
      "docs/key.txt DOCUMENT_LINK_OUTSIDE",
      "docs/pipe.md DOCUMENT_UNREADABLE",
    ]);
    expect(JSON.stringify(await project.rows())).not.toContain("PATH=");
  });

  test("whose target has vanished keep their document", async () => {
    await using project = await createDocumentsProject({ "docs/a.md": "# A", "docs/real": "# Linked" });
    await symlink("real", nodePath.join(project.directory, "docs/b.md"));
    expect(await project.sync(["docs"])).toMatchObject({ added: 2, failed: [] });
    await project.remove("docs/real");
    expect(await project.sync(["docs"])).toMatchObject({ removed: 0, failed: [{ path: "docs/b.md" }] });
    expect((await project.rows())["docs/b.md"]).toMatchObject({ title: "Linked", status: "failed" });
  });
});

describe("JSONL", () => {
  const line = (value: unknown) => `${JSON.stringify(value)}\n`;

  test("each line is a document, and its text is stored", async () => {
    await using project = await createDocumentsProject({
      "data.jsonl": `\uFEFF${line({ id: 7, title: "T", content: "one\u2028\0\ud800", url: "https://x.y/z", lang: "en" })}\r\n${line({ text: "two" })}`,
    });
    expect(await project.sync(["data.jsonl"])).toMatchObject({ added: 2, failed: [] });
    const rows = await project.rows();
    expect(rows["https://x.y/z"]).toMatchObject({
      id: documentId("data.jsonl#7"),
      path: "data.jsonl",
      title: "T",
      content_type: "text/plain",
      content: "one\u2028\uFFFD\uFFFD",
      metadata: { lang: "en" },
    });
    const document = {
      id: documentId("data.jsonl#7"),
      path: "data.jsonl",
      contentHash: "",
      content: String(rows["https://x.y/z"]?.["content"]),
    };
    expect(await readDocumentContent({ directory: project.directory, document })).toBe("one\u2028\uFFFD\uFFFD");
  });

  test("numbers keep all their digits: as ids, as titles and in metadata", async () => {
    const lines = [
      '{"id": 9007199254740993, "title": 1.10, "text": "x", "n": 12345678901234567890.12, "deep": [9007199254740993, 1.5]}',
      '{"id": 9007199254740992, "title": 1.1, "text": "y", "content": "z"}',
    ];
    await using project = await createDocumentsProject({ "data.jsonl": lines.join("\n") });
    expect(await project.sync(["data.jsonl"])).toMatchObject({ added: 2, failed: [] });
    const [first, second] = await project.database.query(
      "select source_url, title, content, metadata::text from millrace.documents order by source_url desc",
    );
    expect(first).toEqual({
      source_url: "data.jsonl#9007199254740993",
      title: "1.10",
      content: "x",
      metadata: '{"n": 12345678901234567890.12, "deep": [9007199254740993, 1.5]}',
    });
    // Neither of two texts is dropped.
    expect(second).toMatchObject({
      source_url: "data.jsonl#9007199254740992",
      content: "z",
      metadata: '{"text": "y"}',
    });
  });

  test("a file in UTF-16 with a byte order mark is read line by line as well", async () => {
    const lines = Array.from({ length: 3_000 }, (_, i) => line({ id: i, text: `zeile ${i} \u010A \u0A0A ü` })).join("");
    const [le, be] = [Buffer.from(`\uFEFF${lines}`, "utf16le"), Buffer.from(`\uFEFF${lines}`, "utf16le").swap16()];
    await using project = await createDocumentsProject({ "le.ndjson": le, "be.jsonl": be });
    expect(await project.sync(["*.{jsonl,ndjson}"])).toMatchObject({ added: 6_000, failed: [] });
    const rows = await project.rows();
    expect(rows["le.ndjson#2999"]).toMatchObject({ content: "zeile 2999 \u010A \u0A0A ü" });
    expect(rows["be.jsonl#0"]).toMatchObject({ content: "zeile 0 \u010A \u0A0A ü" });
  });

  test("a key that is there twice fails its line", async () => {
    await using project = await createDocumentsProject({ "data.jsonl": '{"text": "a", "id": 1, "text": "b"}\n' });
    expect((await project.sync(["data.jsonl"])).failed).toMatchObject([{ message: "Line 1 has a key twice." }]);
  });

  test("a broken line is named, the others arrive, and nothing of that file is removed meanwhile", async () => {
    await using project = await createDocumentsProject({
      "data.jsonl": line({ id: "a", text: "a" }) + line({ id: "b", text: "b" }),
    });
    await project.sync(["*.jsonl"]);
    await project.write({
      "data.jsonl": `${line({ id: "a", text: "A" })}{"id": "b", secret\n${line({ id: "c" })}${line({ id: "a", text: "again" })}[]\n`,
    });
    const { failed, changed, removed } = await project.sync(["*.jsonl"]);
    expect(failed).toEqual([
      { path: "data.jsonl:2", code: "RECORD_INVALID", message: "Line 2 is not valid JSON." },
      { path: "data.jsonl:3", code: "RECORD_INVALID", message: 'Line 3 needs its text in "content" or "text".' },
      {
        path: "data.jsonl:4",
        code: "DOCUMENT_DUPLICATE",
        message: "The same document as data.jsonl:1; only the first is read.",
      },
      { path: "data.jsonl:5", code: "RECORD_INVALID", message: "Line 5 is not a JSON object." },
    ]);
    expect({ changed, removed }).toEqual({ changed: 1, removed: 0 });
    await project.write({ "data.jsonl": line({ id: "a", text: "A" }) });
    expect(await project.sync(["*.jsonl"])).toMatchObject({ removed: 1, unchanged: 1, failed: [] });
  });

  test("metadata nested too deeply fails that line alone", async () => {
    const deep = `{"id":"deep","text":"x","m":${"[".repeat(50_000)}${"]".repeat(50_000)}}\n`;
    await using project = await createDocumentsProject({ "data.jsonl": deep + line({ id: "ok", text: "x" }) });
    expect(counts(await project.sync(["data.jsonl"]))).toMatchObject({ added: 1, failed: 1 });
  });

  test("ten thousand records arrive in one go", async () => {
    const text = Array.from({ length: 10_000 }, (_, i) => line({ id: i, text: `record ${i} ${"x".repeat(500)}` })).join(
      "",
    );
    await using project = await createDocumentsProject({ "data.jsonl": text });
    expect(await project.sync(["data.jsonl"])).toMatchObject({ added: 10_000 });
    expect(await project.sync(["data.jsonl"])).toMatchObject({ unchanged: 10_000 });
  });
});

test.each([
  ["127.0.0.1", true],
  ["10.1.2.3", true],
  ["172.31.0.1", true],
  ["192.168.1.1", true],
  ["169.254.169.254", true],
  ["::1", true],
  ["fd00::1", true],
  ["::ffff:127.0.0.1", true],
  ["8.8.8.8", false],
  ["172.32.0.1", false],
  ["2606:4700::1111", false],
])("%s is of this network: %s", (address, expected) => expect(isPrivateAddress(address)).toBe(expected));

test("user, password and keys of an address are sent, to its own server alone, and stored nowhere", async () => {
  const seen: string[] = [];
  const serve = async (answer: http.RequestListener) => {
    const server = http.createServer((request, response) => {
      seen.push(`${request.url ?? ""} ${request.headers.authorization ?? "none"}`);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  };
  const other = await serve((_, response) => response.end("moved here"));
  const own = await serve((_, response) => response.writeHead(302, { location: `http://${other.host}/new` }).end());
  try {
    await using project = await createDocumentsProject();
    const { failed } = await project.sync([`http://user:SECRET@${own.host}/x?token=SECRET&page=1`]);
    expect(failed).toEqual([]);
    expect(seen).toEqual([
      `/x?token=SECRET&page=1 Basic ${Buffer.from("user:SECRET").toString("base64")}`,
      "/new none",
    ]);
    const rows = await project.rows();
    expect(rows[`http://${own.host}/x?page=1`]).toMatchObject({ content: "moved here" });
    expect(JSON.stringify(rows)).not.toContain("SECRET");
  } finally {
    own.server.close();
    other.server.close();
  }
});

describe("addresses", () => {
  test("are fetched once, and a page that is gone keeps its text", async () => {
    let requests = 0;
    const server = http.createServer((request, response) => {
      if (request.url?.startsWith("/charset") === true) {
        const [, , header, meta] = request.url.split("/");
        response.writeHead(200, { "content-type": `text/html${header === "none" ? "" : `; charset=${header}`}` });
        response.end(Buffer.from(`<meta charset="${meta}"><title>Caf\xe9 \x96</title>na\xefve`, "latin1"));
        return;
      }
      requests += 1;
      const isPage = request.url === "/page";
      response.writeHead(isPage ? 200 : 404, { "content-type": "text/html; charset=iso-8859-1" });
      response.end(isPage ? Buffer.from("<title>Caf\xe9</title><p>text</p>", "latin1") : "gone");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      await using project = await createDocumentsProject({ "pages.txt": `${origin}/page\n${origin}/missing\n` });
      const { added, failed } = await project.sync(["pages.txt"]);
      expect({ added, failed }).toEqual({
        added: 1,
        failed: [
          { path: `${origin}/missing`, code: "DOCUMENT_UNREADABLE", message: "The address answered with status 404." },
        ],
      });
      const charsets = ["none/windows-1252", "iso-8859-1/utf-8", "nonsense/latin1", "utf-8/windows-1252", "none/utf-8"];
      await project.sync(
        charsets.map((each) => `${origin}/charset/${each}`),
        { set: "other" },
      );
      const decoded = await project.rows();
      expect(charsets.map((each) => decoded[`${origin}/charset/${each}`]?.["title"])).toEqual([
        "Café –",
        "Café –",
        "Café –",
        null,
        null,
      ]);
      expect(decoded[`${origin}/charset/none/utf-8`]).toMatchObject({ error: "The page is not valid UTF-8." });
      const page = (await project.rows())[`${origin}/page`];
      expect(page).toMatchObject({ title: "Café", content: "text", path: null });
      await project.sync(["pages.txt"]);
      expect(requests).toBe(3);
      expect((await project.rows())[`${origin}/page`]).toEqual(page);
      server.closeAllConnections();
      server.close();
      expect(await project.sync(["pages.txt"], { refreshUrls: true })).toMatchObject({ removed: 0, failed: [{}, {}] });
      expect((await project.rows())[`${origin}/page`]).toMatchObject({
        status: "failed",
        content: "text",
        content_hash: page?.["content_hash"],
      });
    } finally {
      server.close();
    }
  });
});
