import { defineModel, ref } from "millrace";
import { pipelineTable, primaryKey, real, text } from "millrace/schema";
import { EXACT_TYPES } from "../helpers/entity-key.ts";
import { spellingBlock, wordBlocks } from "../helpers/name-blocks.ts";
import { entityNames } from "./entity-names.ts";

const table = pipelineTable(
  "indexing_entity_embeddings",
  {
    nameId: text().notNull(),
    entityType: text().notNull(),
    block: text().notNull(),
    entityName: text().notNull(),
    /** Null in a block of names that are spelled alike. */
    embedding: real().array(),
  },
  (column) => [primaryKey({ columns: [column.nameId, column.block] })],
);

export const entityEmbeddings = defineModel({
  name: "indexing.entity_embeddings",
  description: "Each name's embedding, made once, in every block of names that it is compared with",
  table,
  sources: { names: ref(entityNames, { columns: ["nameId", "entityName", "entityType"] }) },
  forEach: "names",
  // Units that ask together go out in one request.
  concurrency: 64,
  async run({ row: name, llm }) {
    const spelling = { ...name, block: spellingBlock(name.entityName, name.entityType), embedding: null };
    const blocks = EXACT_TYPES.has(name.entityType) ? [] : wordBlocks(name.entityName);
    if (blocks.length === 0) return [spelling];
    const { embeddings } = await llm.embed([name.entityName]);
    const embedding = [...(embeddings[0] ?? [])];
    return [spelling, ...blocks.map((block) => ({ ...name, block, embedding }))];
  },
});
