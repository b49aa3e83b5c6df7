import { defineModel, ref } from "millrace";
import { doublePrecision, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { chainPairs, comparePairs, fewestPairs } from "../helpers/compare-block.ts";
import { isSpellingBlock } from "../helpers/name-blocks.ts";
import { unpackEmbedding } from "../helpers/packed-embedding.ts";
import { entityBlocks } from "./entity-blocks.ts";

// Beyond the clusters a language model is shown names at most this far away.
const MAX_CANDIDATE_DISTANCE = 0.3;

const config = z.object({
  eps: z.number().min(0).max(1).default(0.25),
  minSamples: z.number().int().min(1).default(1),
});

const table = pipelineTable(
  "indexing_entity_neighbours",
  {
    entityType: text().notNull(),
    block: text().notNull(),
    part: text().notNull(),
    firstId: text().notNull(),
    secondId: text().notNull(),
    distance: doublePrecision().notNull(),
  },
  (column) => [
    primaryKey({ columns: [column.entityType, column.block, column.part, column.firstId, column.secondId] }),
  ],
);

export const entityNeighbours = defineModel({
  name: "indexing.entity_neighbours",
  description: "Pairs of names that are near each other; a new name is compared in its parts of blocks only",
  table,
  sources: { names: ref(entityBlocks) },
  forEach: "names",
  by: ["entityType", "block", "part"],
  config,
  async run({ key, rows, config: { eps, minSamples } }) {
    if (isSpellingBlock(key.block))
      return chainPairs(rows.map(({ nameId }) => nameId)).map((pair) => ({ ...key, ...pair }));
    const members = rows.map(({ nameId, spelling, embedding }) => ({
      id: nameId,
      order: spelling,
      embedding: unpackEmbedding(embedding ?? ""),
    }));
    const pairs = comparePairs(members, Math.max(eps, MAX_CANDIDATE_DISTANCE));
    return fewestPairs(pairs, { eps, minSamples }).map((pair) => ({ ...key, ...pair }));
  },
});
