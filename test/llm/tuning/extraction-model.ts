import { readdirSync, readFileSync } from "node:fs";
import { extractWithRules } from "../../../examples/indexing/helpers/extract.ts";
import { extractKnowledge } from "../../../examples/indexing/helpers/extract-with-llm.ts";
import { ENTITY_TYPES, type EntityType } from "../../../examples/indexing/helpers/extraction.ts";
import { splitMarkdown } from "../../../examples/indexing/helpers/split-markdown.ts";
import { type ModelServer, startModelServer } from "../model-server.ts";
import type { ModelRequest } from "../providers/wire-protocols.ts";

export { extractKnowledge };

const docs = new URL("../../../examples/indexing/docs/", import.meta.url);

export interface ExtractionExample {
  readonly input: { readonly documentContent: string };
  readonly expected: { readonly entities: readonly { readonly name: string; readonly entityType: string }[] };
}

/** Sections of the example's manual, with the entities that its rules find: the truth that the stand-in is held to. */
export async function extractionExamples(): Promise<{ train: ExtractionExample[]; dev: ExtractionExample[] }> {
  const files = readdirSync(docs, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  const options = { maxSectionChars: 5_000, minSectionSize: 500, overlapChars: 200 };
  const texts = files.toSorted().map((file) => readFileSync(new URL(file, docs), "utf8"));
  const split = await Promise.all(texts.map((text) => splitMarkdown(text, options)));
  const sections = split
    .flat()
    .map(({ content }) => ({ content, entities: entitiesOf(content) }))
    .filter(({ entities }) => entities.length > 1);
  const examples = sections.map(({ content, entities }) => ({
    input: { documentContent: content },
    expected: { entities: entities.map(({ name, entityType }) => ({ name, entityType })) },
  }));
  return {
    train: examples.filter((_, index) => index % 2 === 0),
    dev: examples.filter((_, index) => index % 2 === 1),
  };
}

const entitiesOf = (content: string) => extractWithRules({ content, startOffset: 0 }).entities;

/** What it takes every other thing for. */
const GUESS: EntityType = "topic";
const KNOWN: ReadonlySet<EntityType> = new Set(["person", "place", "organisation", "topic"]);
/** As many as it names when nobody asks for all. */
const LAZY = 6;

/**
 * Stands in for a language model. It finds names as well as the example's rules do, but it stops after a few, and it
 * does not know the house's types: rules in its instructions, or an answer that it is shown, teach it.
 */
export function startExtractionServer(): Promise<ModelServer> {
  return startModelServer({ respond });
}

function respond({ messages, prompt }: ModelRequest): object {
  const system = messages[0]?.content ?? "";
  if (system.includes("You improve the instructions")) return improve(prompt);
  const content = /^documentContent:\n([\s\S]*?)(?:\n\nexistingEntities:\n.*)?$/.exec(prompt)?.[1] ?? "";
  const shown = messages.filter(({ role }) => role === "assistant").map((message) => message.content);
  const knows = (type: EntityType) =>
    KNOWN.has(type) ||
    system.includes(`\`${type}\` is `) ||
    shown.some((text) => text.includes(`"entityType":"${type}"`));
  const isThorough =
    system.includes("Leave none out") || shown.some((text) => text.split('"entityType"').length > LAZY);
  const found = entitiesOf(content);
  const entities = (isThorough ? found : found.slice(0, LAZY)).map(({ name, entityType, quote }) => ({
    name,
    entityType: knows(entityType) ? entityType : GUESS,
    description: null,
    aliases: [],
    confidence: 0.8,
    quote,
  }));
  return { entities, relationships: [], claims: [] };
}

/** What a thing is in this house. */
const CONVENTIONS: Readonly<Partial<Record<EntityType, string>>> = {
  product: "`product` is a named thing that users run or buy.",
  technology: "`technology` is a protocol, a format, a database or a language that others made.",
  code: "`code` is a command, an option, a file, a column or a function.",
  resource: "`resource` is a link or a document.",
};

function improve(prompt: string): object {
  const [, instructions = "", json = "[]"] = /instructions:\n([\s\S]*)\n\nexamples:\n(.*)$/.exec(prompt) ?? [];
  const examples = JSON.parse(json) as { readonly answer: string; readonly expected: string }[];
  const count = (text: string, type: string) => text.split(`"entityType":"${type}"`).length - 1;
  const missed = ENTITY_TYPES.map((type) => ({
    rule: CONVENTIONS[type],
    misses: examples.reduce((sum, { answer, expected }) => sum + count(expected, type) - count(answer, type), 0),
  }));
  const fewer = examples.reduce(
    (sum, { answer, expected }) => sum + expected.split('"entityType"').length - answer.split('"entityType"').length,
    0,
  );
  const rules = [...missed, { rule: "Leave none out, however long the section is.", misses: fewer }];
  const [worst] = rules
    .filter(({ rule, misses }) => rule !== undefined && misses > 0 && !instructions.includes(rule))
    .toSorted((a, b) => b.misses - a.misses);
  if (worst?.rule === undefined) return { diagnosis: "Nothing in common.", instructions };
  return { diagnosis: "A convention is missing.", instructions: `${instructions}\n${worst.rule}` };
}
