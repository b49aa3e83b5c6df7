import { defineModel, ref } from "millrace";
import { doublePrecision, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { comparePairs } from "../helpers/compare-block.ts";
import { spanningPairs } from "../helpers/connected-components.ts";
import { unpackEmbedding } from "../helpers/packed-embedding.ts";
import { claimBlocks } from "./claim-blocks.ts";

const config = z.object({ similarityThreshold: z.number().min(0).max(1).default(0.85) });

const table = pipelineTable(
  "indexing_claim_neighbours",
  {
    block: text().notNull(),
    part: text().notNull(),
    firstId: text().notNull(),
    secondId: text().notNull(),
    distance: doublePrecision().notNull(),
  },
  (column) => [primaryKey({ columns: [column.block, column.part, column.firstId, column.secondId] })],
);

export const claimNeighbours = defineModel({
  name: "indexing.claim_neighbours",
  description: "Pairs of statements that say nearly the same; a new one is compared in its parts of blocks only",
  table,
  sources: { statements: ref(claimBlocks) },
  forEach: "statements",
  by: ["block", "part"],
  config,
  async run({ key, rows, config: { similarityThreshold } }) {
    const members = rows.map((row) => ({
      id: row.statementId,
      order: row.statement,
      embedding: unpackEmbedding(row.embedding),
    }));
    return spanningPairs(comparePairs(members, 1 - similarityThreshold)).map((pair) => ({ ...key, ...pair }));
  },
});
