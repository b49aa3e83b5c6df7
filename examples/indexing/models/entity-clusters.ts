import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { nearestElsewhere } from "../helpers/compare-block.ts";
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
  entityName: text().notNull(),
  entityType: text().notNull(),
  description: text(),
  aliases: json(z.array(z.string())).notNull(),
  confidence: doublePrecision().notNull(),
  documentIds: json(z.array(z.string())).notNull(),
  mentionCount: integer().notNull(),
  /** The nearest names of other clusters. */
  similarExisting: json(
    z.array(z.object({ nameId: z.string(), entityName: z.string(), distance: z.number() })),
  ).notNull(),
});

export const entityClusters = defineModel({
  name: "indexing.entity_clusters",
  description: "Which names may mean one thing: they are near each other, directly or over others",
  table,
  sources: {
    names: ref(entityNames),
    neighbours: ref(entityNeighbours, { columns: ["firstId", "secondId", "distance"] }),
  },
  config,
  // Joining reads ids only and takes a fraction of a second for a hundred thousand; rows that stay are not written.
  async run({ sources, writer, config: options }) {
    const names = await sources.names.rows();
    const pairs = await sources.neighbours.rows();
    const nameOf = new Map(names.map(({ nameId, entityName }) => [nameId, entityName]));
    const clusters = connectedComponents(nameOf.keys(), pairs, options);
    const sizes = countBy(clusters.values());
    const nearest = nearestElsewhere(pairs, clusters);
    await writer.write(
      names.map((name) => {
        const clusterId = clusters.get(name.nameId) ?? name.nameId;
        const similarExisting = (nearest.get(name.nameId) ?? []).map(({ id, distance }) => {
          return { nameId: id, entityName: nameOf.get(id) ?? "", distance };
        });
        return { ...name, clusterId, clusterSize: sizes.get(clusterId) ?? 1, similarExisting };
      }),
    );
    return { clusters: sizes.size };
  },
});
