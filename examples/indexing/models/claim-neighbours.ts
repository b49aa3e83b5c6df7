import { defineModel, ref } from "millrace";
import { doublePrecision, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { comparePairs } from "../helpers/compare-block.ts";
import { spanningPairs } from "../helpers/connected-components.ts";
import { claimEmbeddings } from "./claim-embeddings.ts";

const config = z.object({ similarityThreshold: z.number().min(0).max(1).default(0.85) });

const table = pipelineTable(
  "indexing_claim_neighbours",
  {
    block: text().notNull(),
    firstId: text().notNull(),
    secondId: text().notNull(),
    distance: doublePrecision().notNull(),
  },
  (column) => [primaryKey({ columns: [column.block, column.firstId, column.secondId] })],
);

export const claimNeighbours = defineModel({
  name: "indexing.claim_neighbours",
  description: "Pairs of statements in one block that say nearly the same",
  table,
  sources: { statements: ref(claimEmbeddings) },
  forEach: "statements",
  by: ["block"],
  config,
  async run({ key, rows, config: { similarityThreshold } }) {
    const members = rows.map((row) => ({ id: row.statementId, order: row.statement, embedding: row.embedding }));
    return spanningPairs(comparePairs(members, 1 - similarityThreshold)).map((pair) => ({ ...key, ...pair }));
  },
});
