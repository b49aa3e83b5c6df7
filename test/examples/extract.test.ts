import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { canonicalName, clusterKey, entityKey } from "../../examples/indexing/helpers/entity-key.ts";
import { extractWithRules } from "../../examples/indexing/helpers/extract.ts";
import { type Extraction, extractionSchema } from "../../examples/indexing/helpers/extraction.ts";
import { randomMarkdown } from "./random-markdown.ts";

const docs = new URL("../../examples/indexing/docs/", import.meta.url);
const documents = readdirSync(docs, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => ({ file, text: readFileSync(new URL(file, docs), "utf8") }));

const extract = (content: string) => extractWithRules({ content, startOffset: 0 });
const entitiesOf = (content: string) =>
  extract(content).entities.map(({ name, entityType }) => `${entityType} ${name}`);
const relationshipsOf = (content: string) =>
  extract(content).relationships.map(
    (found) => `${found.sourceEntity} ${found.relationshipType} ${found.targetEntity}`,
  );
const claimsOf = (content: string) =>
  extract(content).claims.map(({ claimType, statement }) => `${claimType}: ${statement}`);

function expectSound(document: string, startOffset: number, extraction: Extraction): void {
  extractionSchema.parse(extraction);
  const { entities, relationships, claims } = extraction;
  expect(entities.length).toBeLessThanOrEqual(40);
  expect(claims.length).toBeLessThanOrEqual(20);
  const names = new Set(entities.map(({ name, entityType }) => `${entityType} ${name}`));
  for (const { sourceEntity, sourceType, targetEntity, targetType } of relationships) {
    expect(names).toContain(`${sourceType} ${sourceEntity}`);
    expect(names).toContain(`${targetType} ${targetEntity}`);
  }
  for (const index of claims.flatMap((claim) => claim.entityIndices)) expect(index).toBeLessThan(entities.length);
  for (const { quote, quoteStartOffset, quoteEndOffset } of [...entities, ...relationships, ...claims]) {
    expect(quote).not.toBe("");
    expect(quoteStartOffset).toBeGreaterThanOrEqual(startOffset);
    expect(document.slice(quoteStartOffset ?? 0, quoteEndOffset ?? 0)).toBe(quote);
  }
}

describe("quotes are exact and every reference resolves", () => {
  test.each(documents)("$file", ({ text }) => {
    const extraction = extract(text);
    expectSound(text, 0, extraction);
    expect(extraction.entities.length).toBeGreaterThan(3);
    expect(extract(text)).toEqual(extraction);
  });

  test.each(Array.from({ length: 150 }, (_, seed) => seed))("random document %i", (seed) => {
    const text = randomMarkdown(seed).slice(0, 5_000);
    const startOffset = Math.floor(text.length / 3);
    expectSound(text, startOffset, extractWithRules({ content: text.slice(startOffset), startOffset }));
  });

  test("a long sentence is quoted in part", () => {
    const [entity] = extract(`${"word ".repeat(100)}Tide Ledger ${"word ".repeat(100)}.`).entities;
    expect(entity?.quote).toContain("Tide Ledger");
    expect(entity?.quote.length).toBeLessThanOrEqual(300);
  });
});

describe("entities", () => {
  test("are people, places, organisations, products and technologies", () => {
    const text = "The team of Northwind Ports GmbH met Anna Keller in Berlin. She likes Tide Ledger and HTTP.";
    expect(entitiesOf(text)).toEqual([
      "organisation Northwind Ports GmbH",
      "person Anna Keller",
      "place Berlin",
      "product Tide Ledger",
      "technology HTTP",
    ]);
  });

  test("are code, web addresses and headings", () => {
    const text =
      "## Water levels\n\nset `margin_cm`, see [the log](https://docs.example/log/#x)\n\n```ts\nreadGauge(tide.level) // # no heading\n```";
    expect(entitiesOf(text)).toEqual([
      "topic Water levels",
      "code margin_cm",
      "resource docs.example/log",
      "code readGauge",
      "code tide.level",
    ]);
  });

  test("know their abbreviation and what they are", () => {
    const [entity] = extract("Tide Ledger (TL) is a record of water levels.").entities;
    expect(entity).toMatchObject({ aliases: ["TL"], description: "Tide Ledger (TL) is a record of water levels." });
  });

  test("are not the first words of sentences, days or months", () => {
    expect(entitiesOf("When it rains, wait. The gate opens on Monday. Every ship leaves in March.")).toEqual([]);
  });
});

describe("relationships", () => {
  test.each([
    ["We know that Berth Planner depends on Tide Ledger.", "Berth Planner depends_on Tide Ledger"],
    ["Since then Redis is used by Gate Pass.", "Gate Pass uses Redis"],
    ["In version 2 NATS replaces RabbitMQ.", "NATS replaces RabbitMQ"],
    ["The Gate Pass is part of Crane Link.", "Gate Pass part_of Crane Link"],
    ["**Crane Link** integrates with [Berth Planner](./b.md).", "Crane Link integrates_with Berth Planner"],
    ["We saw Gate Pass and Crane Link.", "Gate Pass mentions Crane Link"],
    ["The Gate Pass does not use Crane Link.", "Gate Pass mentions Crane Link"],
  ])("%s", (text, expected) => {
    expect(relationshipsOf(text)).toEqual([expected]);
  });

  test("a second verb has the same subject", () => {
    expect(relationshipsOf("The Gate Pass uses Big Redis and provides Access Lists.")).toEqual([
      "Gate Pass uses Big Redis",
      "Gate Pass provides Access Lists",
    ]);
  });

  test("an enumeration shares its verb", () => {
    expect(relationshipsOf("The Gate Pass uses Big Redis, Old NATS and the New Kafka.")).toEqual([
      "Gate Pass uses Big Redis",
      "Gate Pass uses Old NATS",
      "Gate Pass uses New Kafka",
    ]);
  });
});

test("claims are declarative sentences about an entity, typed by their words", () => {
  const text = [
    "Tide Ledger cannot delete an old measurement.",
    "Is Tide Ledger as fast as you need?",
    "Berth Planner must ask Tide Ledger for the depth.",
    "A plan takes 20 ms in `berth_planner` today.",
    "Nothing is said here about anything.",
    "Berth Planner *provides* an interface for\n`plans`.",
  ].join("\n\n");
  expect(claimsOf(text)).toEqual([
    "limitation: Tide Ledger cannot delete an old measurement.",
    "requirement: Berth Planner must ask Tide Ledger for the depth.",
    "performance: A plan takes 20 ms in berth_planner today.",
    "feature: Berth Planner provides an interface for plans.",
  ]);
});

describe("names", () => {
  test("are one cluster in spite of case, blanks, punctuation and plural", () => {
    const keys = ["Data Set", "data-sets", "DataSet", "Data  Set's"].map((name) => clusterKey(name, "product"));
    expect(new Set(keys).size).toBe(1);
    expect(clusterKey("Data Set", "topic")).not.toBe(keys[0]);
    expect(clusterKey("userId", "code")).not.toBe(clusterKey("user_id", "code"));
    expect(clusterKey("田中", "person")).not.toBe(clusterKey("芽衣", "person"));
    expect(clusterKey("🚢", "product")).not.toBe(clusterKey("🚚", "product"));
  });

  test("are one entity in spite of version, legal form and article", () => {
    expect(entityKey("Postgres 16", "product")).toBe(entityKey("Postgres", "product"));
    expect(entityKey("The Meridian Shipping Ltd.", "organisation")).toBe(
      entityKey("Meridian Shipping", "organisation"),
    );
    expect(entityKey("Zinc", "product")).not.toBe(entityKey("Z", "product"));
  });

  test("are called by the shortest of them, of equals the one with capitals, however often each is used", () => {
    expect(canonicalName(["Tide Ledgers", "tide ledger", "Tide Ledger"])).toBe("Tide Ledger");
    expect(canonicalName(["b", "a", "ab"])).toBe("a");
  });
});
