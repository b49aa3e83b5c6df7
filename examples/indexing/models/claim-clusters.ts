import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { connectedComponents } from "../helpers/connected-components.ts";
import { countBy } from "../helpers/count-by.ts";
import { claimMentions } from "./claim-mentions.ts";
import { claimNeighbours } from "./claim-neighbours.ts";

const config = z.object({ similarityThreshold: z.number().min(0).max(1).default(0.85) });

const table = pipelineTable(
  "indexing_claim_clusters",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    claimNumber: integer().notNull(),
    /** The first of the cluster's statements. */
    clusterId: text().notNull(),
    /** In statements. */
    clusterSize: integer().notNull(),
    claimHash: text().notNull(),
    statementId: text().notNull(),
    statement: text().notNull(),
    claimType: text().notNull(),
    confidence: doublePrecision().notNull(),
    nameIds: json(z.array(z.string())).notNull(),
    quote: text().notNull(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.claimNumber] })],
);

export const claimClusters = defineModel({
  name: "indexing.claim_clusters",
  description: "Which statements may be one claim: they are near each other, directly or over others",
  table,
  sources: {
    claims: ref(claimMentions, {
      columns: [
        "documentId",
        "sectionId",
        "claimNumber",
        "claimHash",
        "statementId",
        "statement",
        "claimType",
        "confidence",
        "nameIds",
        "quote",
      ],
    }),
    neighbours: ref(claimNeighbours, { columns: ["firstId", "secondId", "distance"] }),
  },
  config,
  // Only pairs are kept in memory, the claims pass through; rows that stay are not written.
  async run({ sources, writer, config: { similarityThreshold } }) {
    const pairs = await sources.neighbours.rows();
    const paired = new Set(pairs.flatMap(({ firstId, secondId }) => [firstId, secondId]));
    const clusters = connectedComponents(paired, pairs, { eps: 1 - similarityThreshold, minSamples: 1 });
    const sizes = countBy(clusters.values());
    const place = async function* () {
      for await (const claim of sources.claims) {
        const clusterId = clusters.get(claim.statementId) ?? claim.statementId;
        yield { ...claim, clusterId, clusterSize: sizes.get(clusterId) ?? 1 };
      }
    };
    await writer.write(place());
    return { pairs: pairs.length };
  },
});
