import { defineModel, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { connectedComponents } from "../helpers/connected-components.ts";
import { countBy } from "../helpers/count-by.ts";
import { claimMentions } from "./claim-mentions.ts";
import { claimNeighbours } from "./claim-neighbours.ts";

const config = z.object({ similarityThreshold: z.number().min(0).max(1).default(0.85) });

const table = pipelineTable("indexing_claim_clusters", {
  statementId: text().primaryKey(),
  /** The first of the cluster's statements. */
  clusterId: text().notNull(),
  clusterSize: integer().notNull(),
});

export const claimClusters = defineModel({
  name: "indexing.claim_clusters",
  description: "Which statements may be one claim: they are near each other, directly or over others",
  table,
  sources: {
    claims: ref(claimMentions, { columns: ["statementId"] }),
    neighbours: ref(claimNeighbours, { columns: ["firstId", "secondId", "distance"] }),
  },
  config,
  // Joining reads ids only and takes a fraction of a second for a hundred thousand; rows that stay are not written.
  async run({ sources, writer, config: { similarityThreshold } }) {
    const ids = new Set<string>();
    for await (const { statementId } of sources.claims) ids.add(statementId);
    const neighbours = await sources.neighbours.rows();
    const clusters = connectedComponents(ids, neighbours, { eps: 1 - similarityThreshold, minSamples: 1 });
    const sizes = countBy(clusters.values());
    await writer.write(
      Array.from(clusters, ([statementId, clusterId]) => ({
        statementId,
        clusterId,
        clusterSize: sizes.get(clusterId) ?? 1,
      })),
    );
    return { clusters: sizes.size };
  },
});
