import { readdirSync, readFileSync } from "node:fs";
import { executeModel } from "millrace/testing";
import { beforeAll, expect, test } from "vitest";
import { documentSections } from "../../examples/indexing/models/document-sections.ts";
import { entityClustering } from "../../examples/indexing/models/entity-clustering.ts";
import { entityMentions } from "../../examples/indexing/models/entity-mentions.ts";
import { entityRelationships } from "../../examples/indexing/models/entity-relationships.ts";
import { entityResolution } from "../../examples/indexing/models/entity-resolution.ts";
import { relationshipMentions } from "../../examples/indexing/models/relationship-mentions.ts";
import { sectionExtractions } from "../../examples/indexing/models/section-extractions.ts";

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

async function index(documents: readonly TestDocument[]) {
  const sections = await executeModel(documentSections, { sources: { documents } });
  const extractions = await executeModel(sectionExtractions, { sources: { sections } });
  const mentions = await executeModel(entityMentions, { sources: { extractions } });
  const clusters = await executeModel(entityClustering, { sources: { mentions } });
  const entities = await executeModel(entityResolution, { sources: { clusters } });
  const statements = await executeModel(relationshipMentions, { sources: { extractions } });
  const relationships = await executeModel(entityRelationships, { sources: { mentions: statements } });
  return { sections, extractions, mentions, clusters, entities, statements, relationships };
}

let graph: Awaited<ReturnType<typeof index>>;
beforeAll(async () => {
  graph = await index(docs);
}, 60_000);

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
  expect(new Set(graph.sections.map((section) => section.sectionId)).size).toBe(graph.sections.length);
});

test("every section has one extraction, and every quote is in its document", () => {
  expect(graph.extractions.map((row) => row.sectionId)).toEqual(graph.sections.map((row) => row.sectionId));
  const contents = new Map(docs.map((document) => [document.id, document.content]));
  const claims = graph.extractions.flatMap(({ documentId, claims }) =>
    claims.map((claim) => ({ documentId, ...claim })),
  );
  const edges = graph.relationships.flatMap((relationship) => relationship.quotes);
  expect(claims.length).toBeGreaterThan(50);
  for (const { documentId, quote, quoteStartOffset, quoteEndOffset } of [
    ...claims,
    ...graph.mentions,
    ...graph.statements,
    ...edges,
  ]) {
    expect(contents.get(documentId)?.slice(quoteStartOffset, quoteEndOffset)).toBe(quote);
  }
});

test("the graph is closed: clusters lead to entities, and relationships to both their ends", () => {
  const entityIds = new Set(graph.entities.map((entity) => entity.entityId));
  expect(entityIds.size).toBe(graph.entities.length);
  expect(new Set(graph.clusters.map((cluster) => cluster.clusterId)).size).toBe(graph.clusters.length);
  for (const cluster of graph.clusters) expect(entityIds).toContain(cluster.entityId);
  for (const { sourceEntityId, targetEntityId } of graph.relationships) {
    expect(entityIds).toContain(sourceEntityId);
    expect(entityIds).toContain(targetEntityId);
    expect(sourceEntityId).not.toBe(targetEntityId);
  }
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  expect(sum(graph.entities.map((entity) => entity.mentionCount))).toBe(graph.mentions.length);
  expect(sum(graph.relationships.map((relationship) => relationship.evidenceCount))).toBe(graph.statements.length);
});

test("the example documents hold what they are about", () => {
  const tideLedger = graph.entities.find(
    (entity) => entity.canonicalName === "Tide Ledger" && entity.entityType === "product",
  );
  expect(tideLedger?.documentIds.length).toBeGreaterThan(5);
  const names = new Map(graph.entities.map((entity) => [entity.entityId, entity.canonicalName]));
  const stated = graph.relationships.map(
    (row) => `${names.get(row.sourceEntityId)} ${row.relationshipType} ${names.get(row.targetEntityId)}`,
  );
  expect(stated).toEqual(
    expect.arrayContaining([
      "Berth Planner depends_on Tide Ledger",
      "NATS replaces RabbitMQ",
      "Crane Link integrates_with Berth Planner",
    ]),
  );
});

test("the order of the documents makes no difference", async () => {
  const reversed = await index(docs.toReversed());
  const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).toSorted();
  for (const table of ["mentions", "clusters", "entities", "relationships"] as const) {
    expect(sorted(reversed[table])).toEqual(sorted(graph[table]));
  }
}, 60_000);

test("one name with two types stays two entities", async () => {
  const mention = {
    documentId: "d",
    sectionId: "s",
    description: null,
    aliases: [],
    confidence: 0.5,
    quote: "q",
    quoteStartOffset: 0,
    quoteEndOffset: 1,
  };
  const evidence = {
    quote: "q",
    quoteStartOffset: 0,
    quoteEndOffset: 1,
    confidence: 0.5,
    description: null,
    aliases: [],
  };
  const extractions = [
    {
      documentId: "d",
      sectionId: "s",
      entities: [
        { name: "Gate", entityType: "product", ...evidence },
        { name: "Gate", entityType: "topic", ...evidence },
      ],
    },
  ];
  const mentions = await executeModel(entityMentions, { sources: { extractions } });
  expect(mentions).toMatchObject([
    { ...mention, entityType: "product" },
    { ...mention, entityType: "topic" },
  ]);
  const clusters = await executeModel(entityClustering, { sources: { mentions } });
  expect(await executeModel(entityResolution, { sources: { clusters } })).toHaveLength(2);
});

test("a relationship counts all its evidence and shows the first of it", async () => {
  const mentions = Array.from({ length: 30 }, (_, index) => ({
    documentId: `d${index % 3}`,
    sectionId: "s",
    mentionNumber: index,
    sourceEntityId: "a",
    targetEntityId: "b",
    relationshipType: "uses",
    confidence: index / 100,
    quote: "q",
    quoteStartOffset: index,
    quoteEndOffset: index + 1,
  }));
  const [forwards] = await executeModel(entityRelationships, { sources: { mentions } });
  const [backwards] = await executeModel(entityRelationships, { sources: { mentions: mentions.toReversed() } });
  expect(forwards).toMatchObject({ evidenceCount: 30, documentIds: ["d0", "d1", "d2"], confidence: 0.29 });
  expect(forwards?.quotes).toHaveLength(20);
  expect(backwards).toEqual(forwards);
});
