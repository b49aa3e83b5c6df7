import { readdirSync, readFileSync } from "node:fs";
import { executeModel } from "millrace/testing";
import { expect, test } from "vitest";
import { documentSections } from "../../examples/indexing/models/document-sections.ts";
import { indexDocuments, openIndexing } from "./indexing-project.ts";

interface TestDocument {
  readonly id: string;
  readonly title: string | null;
  readonly content: string;
}

const folder = new URL("../../examples/indexing/docs/", import.meta.url);
const docs: readonly TestDocument[] = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => ({
    id: file,
    title: file,
    content: readFileSync(new URL(file, folder), "utf8").replace(/^---\n[\s\S]*?\n---\n/, ""),
  }));

test("section ids are unique, also for equal texts, and survive an insertion above", async () => {
  const same = `# Same\n\n${"Equal text. ".repeat(50)}\n\n`;
  const idsOf = async (documents: readonly TestDocument[]) =>
    (await executeModel(documentSections, { sources: { documents } })).map((section) => section.sectionId);
  const before = await idsOf([{ id: "a", title: null, content: same.repeat(3) }]);
  const after = await idsOf([
    { id: "a", title: null, content: `# New\n\n${"New text. ".repeat(60)}\n\n${same.repeat(3)}` },
  ]);
  const other = await idsOf([{ id: "b", title: null, content: same.repeat(3) }]);
  expect(new Set([...before, ...other]).size).toBe(6);
  expect(after.slice(1)).toEqual(before);
  const all = await idsOf(docs);
  expect(new Set(all).size).toBe(all.length);
});

test("the shipped documents hold what they are about", async () => {
  const documents = Object.fromEntries(docs.map(({ id, content }) => [id, content]));
  await using project = await openIndexing(documents);
  expect((await indexDocuments(project)).status).toBe("succeeded");
  const [tideLedger] = await project.query(
    "select document_count from entities where canonical_name = 'Tide Ledger' and entity_type = 'product'",
  );
  expect(tideLedger?.["document_count"]).toBeGreaterThan(5);
  const stated =
    await project.query(`select s.canonical_name || ' ' || r.relationship_type || ' ' || t.canonical_name as text
    from entity_relationships r join entities s on s.entity_id = r.source_entity_id
    join entities t on t.entity_id = r.target_entity_id`);
  expect(stated.map(({ text }) => text)).toEqual(
    expect.arrayContaining([
      "Berth Planner depends_on Tide Ledger",
      "NATS replaces RabbitMQ",
      "Crane Link integrates_with Berth Planner",
    ]),
  );
});
