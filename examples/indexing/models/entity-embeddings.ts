import { defineModel, ref } from "millrace";
import { json, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { EXACT_TYPES } from "../helpers/entity-key.ts";
import { spellingBlock, wordBlocks } from "../helpers/name-blocks.ts";
import { packEmbedding } from "../helpers/packed-embedding.ts";
import { entityNames } from "./entity-names.ts";

const table = pipelineTable("indexing_entity_embeddings", {
  nameId: text().primaryKey(),
  entityType: text().notNull(),
  /** In lower case; neighbours in this order are compared in a large block. */
  spelling: text().notNull(),
  /** Names that share a block are compared. */
  blocks: json(z.array(z.string())).notNull(),
  /** Packed; null for a name that is compared by its spelling alone. */
  embedding: text(),
});

export const entityEmbeddings = defineModel({
  name: "indexing.entity_embeddings",
  description: "Each name's embedding, and the blocks of names that it is compared in",
  table,
  sources: { names: ref(entityNames, { columns: ["nameId", "entityName", "entityType"] }) },
  forEach: "names",
  // Units that ask together go out in one request.
  concurrency: 64,
  async run({ row: { nameId, entityName, entityType }, llm }) {
    const words = EXACT_TYPES.has(entityType) ? [] : wordBlocks(entityName);
    const blocks = [spellingBlock(entityName, entityType), ...words];
    const embeddings = words.length === 0 ? [] : (await llm.embed([entityName])).embeddings;
    const embedding = embeddings[0] === undefined ? null : packEmbedding(embeddings[0]);
    return { nameId, entityType, spelling: entityName.toLowerCase(), blocks, embedding };
  },
});
