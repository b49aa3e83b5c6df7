import { defineModel, ref } from "millrace";
import { doublePrecision, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { chainPairs, comparePairs } from "../helpers/compare-block.ts";
import { isSpellingBlock } from "../helpers/name-blocks.ts";
import { entityEmbeddings } from "./entity-embeddings.ts";

// Beyond the clusters a language model is shown names at most this far away.
const MAX_CANDIDATE_DISTANCE = 0.3;

const config = z.object({ eps: z.number().min(0).max(1).default(0.25) });

const table = pipelineTable(
  "indexing_entity_neighbours",
  {
    entityType: text().notNull(),
    block: text().notNull(),
    firstId: text().notNull(),
    secondId: text().notNull(),
    distance: doublePrecision().notNull(),
  },
  (column) => [primaryKey({ columns: [column.entityType, column.block, column.firstId, column.secondId] })],
);

export const entityNeighbours = defineModel({
  name: "indexing.entity_neighbours",
  description: "Pairs of names in one block that are near each other; a new name is compared in its blocks only",
  table,
  sources: { names: ref(entityEmbeddings) },
  forEach: "names",
  by: ["entityType", "block"],
  config,
  async run({ key, rows, config: { eps } }) {
    const pairs = isSpellingBlock(key.block)
      ? chainPairs(rows.map(({ nameId }) => nameId))
      : comparePairs(
          rows.map(({ nameId, entityName, embedding }) => ({
            id: nameId,
            order: entityName.toLowerCase(),
            embedding: embedding ?? [],
          })),
          Math.max(eps, MAX_CANDIDATE_DISTANCE),
        );
    return pairs.map((pair) => ({ ...key, ...pair }));
  },
});
