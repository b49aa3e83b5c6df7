import { defineModel, ref } from "millrace";
import { integer, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { connectedComponents } from "../helpers/connected-components.ts";
import { countBy } from "../helpers/count-by.ts";
import { entityNames } from "./entity-names.ts";
import { entityNeighbours } from "./entity-neighbours.ts";

const config = z.object({
  eps: z.number().min(0).max(1).default(0.25),
  minSamples: z.number().int().min(1).default(1),
});

const table = pipelineTable("indexing_entity_clusters", {
  nameId: text().primaryKey(),
  /** The first of the cluster's names. */
  clusterId: text().notNull(),
  clusterSize: integer().notNull(),
});

export const entityClusters = defineModel({
  name: "indexing.entity_clusters",
  description: "Which names may mean one thing: they are near each other, directly or over others",
  table,
  sources: {
    names: ref(entityNames, { columns: ["nameId"] }),
    neighbours: ref(entityNeighbours, { columns: ["firstId", "secondId", "distance"] }),
  },
  config,
  // Joining reads ids only and takes a fraction of a second for a hundred thousand; rows that stay are not written.
  async run({ sources, writer, config: options }) {
    const names = await sources.names.rows();
    const ids = names.map(({ nameId }) => nameId);
    const clusters = connectedComponents(ids, await sources.neighbours.rows(), options);
    const sizes = countBy(clusters.values());
    await writer.write(
      Array.from(clusters, ([nameId, clusterId]) => ({ nameId, clusterId, clusterSize: sizes.get(clusterId) ?? 1 })),
    );
    return { clusters: sizes.size };
  },
});
