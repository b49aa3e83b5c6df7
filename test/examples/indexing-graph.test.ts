import { expect, test } from "vitest";
import { indexDocuments, openIndexing, readGraph, rebuild } from "./indexing-project.ts";
import { ownName, portDocuments } from "./port-documents.ts";

const NEW_TEXT =
  "# Signal Mast\n\nThe new Signal Mast uses Redis for its lamps. Crane Link depends on Signal Mast now.\n";

test(
  "two runs from scratch make the same tables, ids included, whatever the order of the documents",
  { timeout: 300_000 },
  async () => {
    const documents = portDocuments(20);
    const first = await rebuild(documents);
    expect(first.entities.length).toBeGreaterThan(20);
    expect(first.entity_relationships.length).toBeGreaterThan(10);
    expect(first.claims.length).toBeGreaterThan(20);
    expect(first.claim_entities.length).toBeGreaterThan(20);
    expect(await rebuild(documents)).toEqual(first);

    // Half of them first, and backwards.
    await using project = await openIndexing({});
    const backwards = Object.entries(documents).toReversed();
    for (const [path, content] of backwards.slice(0, 10)) await project.writeDocument(path, content);
    await indexDocuments(project);
    for (const [path, content] of backwards.slice(10)) await project.writeDocument(path, content);
    expect((await indexDocuments(project)).status).toBe("succeeded");
    expect(await readGraph(project)).toEqual(first);
    expect((await indexDocuments(project)).models["indexing.entities"]).toMatchObject({
      rowsWritten: 0,
      rowsDeleted: 0,
    });
  },
);

const DOCUMENTS = Number(process.env["MILLRACE_INDEXED_DOCUMENTS"] ?? 40);

test(
  `of ${DOCUMENTS} documents one is edited: only its sections are extracted again, and the graph is that of a rebuild`,
  { timeout: 900_000 },
  async () => {
    const documents = portDocuments(DOCUMENTS);
    const rebuilt = await rebuild({ ...documents, "port-7.md": NEW_TEXT });
    await using project = await openIndexing(documents);
    await indexDocuments(project);
    const before = await readGraph(project);
    const [edited] = await project.query("select id from millrace.documents where path like '%port-7.md'");

    await project.writeDocument("port-7.md", NEW_TEXT);
    const result = await indexDocuments(project);
    expect(result.status).toBe("succeeded");
    expect(result.models["indexing.document_sections"]).toMatchObject({ unitsDone: 1 });
    expect(result.models["indexing.section_extractions"]).toMatchObject({ unitsDone: 1 });
    expect(result.models["indexing.entity_neighbours"]?.unitsDone).toBeLessThan(40);
    const after = await readGraph(project);
    expect(after).toEqual(rebuilt);

    const touched = new Set(
      [...before.document_entities, ...after.document_entities]
        .filter((link) => link["document_id"] === edited?.["id"])
        .map((link) => link["entity_id"]),
    );
    const untouched = before.entities.filter((entity) => !touched.has(entity["entity_id"]));
    expect(untouched.length).toBeGreaterThan(DOCUMENTS);
    expect(after.entities).toEqual(expect.arrayContaining(untouched));
    // Their rows have not even been written again.
    const rewritten = await project.query("select entity_id from entities where workflow_id = $1", [result.runId]);
    for (const { entity_id } of rewritten) expect(touched).toContain(entity_id);
  },
);

test("of a block of many names, one more name compares a part", { timeout: 120_000 }, async () => {
  const section = (part: number) =>
    Array.from({ length: 10 }, (_, index) => `Only here we run ${ownName(part * 10 + index)}.`).join("\n\n");
  const documents = Array.from({ length: 20 }, (_, part) => [`${part}.md`, `# Relays\n\n${section(part)}\n`]);
  await using project = await openIndexing(Object.fromEntries(documents) as Record<string, string>);
  await indexDocuments(project);
  const parts = "select count(distinct part)::int as parts from indexing_entity_blocks where block = 'rela'";
  expect((await project.query(parts))[0]?.["parts"]).toBeGreaterThan(3);
  await project.writeDocument("b.md", `# One more\n\nOnly here we run ${ownName(201)}.\n`);
  const { models } = await indexDocuments(project);
  // Its own part and the one that it cuts, in each of its blocks.
  expect(models["indexing.entity_neighbours"]?.unitsDone).toBeLessThan(10);
});

test("a deleted document takes with it what only it supported", { timeout: 300_000 }, async () => {
  const documents = portDocuments(30);
  const { "port-11.md": _, ...rest } = documents;
  const rebuilt = await rebuild(rest);
  await using project = await openIndexing(documents);
  await indexDocuments(project);
  const named = async (name: string) =>
    (await project.query("select mention_count, document_count from entities where canonical_name = $1", [name]))[0];
  const shared = await named("Beacon Hub");
  expect(await named(ownName(11))).toBeDefined();

  await project.writeDocument("port-11.md", null);
  expect((await indexDocuments(project)).status).toBe("succeeded");
  expect(await named(ownName(11))).toBeUndefined();
  expect((await named("Beacon Hub"))?.["document_count"]).toBe(Number(shared?.["document_count"]) - 1);
  expect(await readGraph(project)).toEqual(rebuilt);
});

test("nothing dangles, and every quote stands in its document where it says", async () => {
  const documents = portDocuments(20);
  await using project = await openIndexing(documents);
  await indexDocuments(project);
  const count = async (text: string) => (await project.query(`select count(*)::int as n from (${text}) q`))[0]?.["n"];
  expect(await count("select entity_id from document_entities except select entity_id from entities")).toBe(0);
  expect(await count("select entity_id from entities except select entity_id from document_entities")).toBe(0);
  expect(
    await count(`select source_entity_id from entity_relationships union select target_entity_id from entity_relationships
      except select entity_id from entities`),
  ).toBe(0);
  expect(await count("select entity_id from claim_entities except select entity_id from entities")).toBe(0);
  expect(await count("select claim_id from claim_entities except select claim_id from claims")).toBe(0);
  const [sums] = await project.query(`select
    (select sum(mention_count) from entities) as of_entities, (select count(*) from indexing_entity_mentions) as mentions,
    (select sum(evidence_count) from claims) as of_claims, (select count(*) from indexing_claim_mentions) as claims`);
  expect(sums?.["of_entities"]).toBe(sums?.["mentions"]);
  expect(sums?.["of_claims"]).toBe(sums?.["claims"]);

  const paths = new Map(
    (await project.query("select id, path from millrace.documents")).map(({ id, path }) => [id, String(path)]),
  );
  let quotes = 0;
  for (const table of ["entity_passages", "indexing_relationship_evidence", "indexing_claim_evidence"]) {
    const rows = await project.query(`select document_id, quote, quote_start_offset, quote_end_offset from ${table}`);
    for (const row of rows) {
      const content = documents[paths.get(row["document_id"])?.replace("docs/", "") ?? ""];
      expect(content?.slice(Number(row["quote_start_offset"]), Number(row["quote_end_offset"]))).toBe(row["quote"]);
      quotes += 1;
    }
  }
  expect(quotes).toBeGreaterThan(100);
});

test("names that differ in spelling are one entity; one name with two types stays two", async () => {
  await using project = await openIndexing({
    "a.md": "# Harbour\n\nWe run Tide Ledger and Postgres 16 in Hamburg.\n",
    "b.md": "# Harbour\n\nToday the Tide Ledgers use Postgres in Hamburg. Our Harbour is open.\n",
    "c.md": "# Tide Ledger\n\nThe Tide Ledger is a product. See `postgres`.\n",
  });
  await indexDocuments(project);
  const entities = await project.query(
    "select canonical_name, entity_type, document_count from entities where canonical_name in ('Tide Ledger', 'Postgres') order by 1, 2",
  );
  expect(entities).toEqual(
    expect.arrayContaining([
      { canonical_name: "Tide Ledger", entity_type: "product", document_count: 3 },
      { canonical_name: "Tide Ledger", entity_type: "topic", document_count: 1 },
    ]),
  );
});
