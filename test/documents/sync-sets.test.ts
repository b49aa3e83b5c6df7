import { expect, test } from "vitest";
import { forgetEntries } from "../../src/documents/forget-entries.ts";
import { listDocuments } from "../../src/documents/list-documents.ts";
import { configuredSets, runSet, syncSets } from "../../src/documents/sync-sets.ts";
import { createDocumentsProject, type DocumentsProject } from "./documents-project.ts";

const CONFIGURED = ["docs/*.md"];

const syncRun = async ({ database, directory }: DocumentsProject, documents?: readonly string[]) =>
  syncSets({
    database,
    directory,
    sets: documents === undefined ? await configuredSets(database, CONFIGURED) : [runSet(documents)],
  });

const paths = async (project: DocumentsProject) =>
  (await project.database.query("select path from millrace.documents order by path")).map((row) => row["path"]);

test("a configured document that was also given to one run goes when its file goes", async () => {
  await using project = await createDocumentsProject({ "docs/a.md": "a", "docs/b.md": "b" });
  await syncRun(project);
  await syncRun(project, ["docs/a.md"]);
  await project.remove("docs/a.md");
  expect(await syncRun(project)).toMatchObject({ removed: 1, unchanged: 1 });
  expect(await paths(project)).toEqual(["docs/b.md"]);
});

test("documents that were given to one run are looked after by the next ones, to the last", async () => {
  await using project = await createDocumentsProject({ "docs/a.md": "a", "other/p.md": "p" });
  await syncRun(project, ["other/*.md"]);
  await project.write({ "other/p.md": "changed" });
  expect(await syncRun(project)).toMatchObject({ added: 1, changed: 1 });
  await project.remove("other");
  expect(await syncRun(project)).toMatchObject({ removed: 1, unchanged: 1 });
  expect(await paths(project)).toEqual(["docs/a.md"]);
});

test("what one run left out is left out by the next ones", async () => {
  await using project = await createDocumentsProject({ "docs/a.md": "a", "other/p.md": "p", "other/drafts/q.md": "q" });
  await syncRun(project);
  await syncRun(project, ["other", "!other/drafts/**"]);
  await project.write({ "other/drafts/r.md": "r", "other/s.md": "s" });
  expect(await syncRun(project)).toMatchObject({ added: 1, unchanged: 2 });
  expect(await paths(project)).toEqual(["docs/a.md", "other/p.md", "other/s.md"]);
});

test("what was added can be forgotten; what is listed otherwise stays", async () => {
  await using project = await createDocumentsProject({ "docs/a.md": "a", "other/p.md": "p", "other/q.md": "q" });
  await syncRun(project);
  await syncRun(project, ["docs", "other", "!other/q.md"]);
  await project.sync(["other/q.md"], { set: "added-by-hand" });
  expect(await forgetEntries(project.database, ["other"])).toBe(1);
  expect(await paths(project)).toEqual(["docs/a.md", "other/q.md"]);
  await expect(forgetEntries(project.database, ["docs/*.md"])).rejects.toMatchObject({ code: "DOCUMENTS_NOT_ADDED" });
  expect(await forgetEntries(project.database, ["docs"])).toBe(0);
  expect(await syncRun(project)).toMatchObject({ added: 0, unchanged: 2 });
  expect(await listDocuments({ database: project.database })).toMatchObject([
    { path: "docs/a.md", addedAs: [] },
    { path: "other/q.md", addedAs: ["other/q.md"] },
  ]);
});

test("what was added by hand and is gone stops nothing", async () => {
  await using project = await createDocumentsProject({ "docs/a.md": "a", "added.md": "\uD800 broken" });
  await project.sync(["added.md"], { set: "added-by-hand" });
  await project.remove("added.md");
  expect(await syncRun(project)).toMatchObject({ added: 1, removed: 1 });
});

test("when one set cannot be synced none is", async () => {
  const lost = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`lost/${index}.md`, `${index}`]));
  await using project = await createDocumentsProject({ "docs/a.md": "a", ...lost });
  await syncRun(project, ["lost/*.md"]);
  await project.remove("lost");
  await expect(syncRun(project)).rejects.toMatchObject({ code: "DOCUMENTS_VANISHED" });
  expect(await paths(project)).toHaveLength(10);
});
