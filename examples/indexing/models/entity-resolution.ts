import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { canonicalName, countForms, distinct } from "../helpers/entity-key.ts";
import { longestDescription, mean } from "../helpers/summarize.ts";
import { entityClustering } from "./entity-clustering.ts";

const table = pipelineTable("indexing_entity_resolution", {
  entityId: text().primaryKey(),
  canonicalName: text().notNull(),
  entityType: text().notNull(),
  aliases: json(z.array(z.string())).notNull(),
  description: text(),
  documentIds: json(z.array(z.string())).notNull(),
  clusterIds: json(z.array(z.string())).notNull(),
  mentionCount: integer().notNull(),
  /** Mean over the mentions. */
  confidence: doublePrecision().notNull(),
});

export const entityResolution = defineModel({
  name: "indexing.entity_resolution",
  description: "The nodes of the graph: clusters that name one thing, whatever its version, legal form or article",
  table,
  sources: { clusters: ref(entityClustering) },
  forEach: "clusters",
  by: ["entityId", "entityType"],
  async run({ key, rows: clusters }) {
    const name = canonicalName(countForms(clusters.flatMap((cluster) => cluster.surfaceForms)));
    return {
      ...key,
      canonicalName: name,
      aliases: distinct(clusters.flatMap((cluster) => [cluster.canonicalName, ...cluster.aliases])).filter(
        (alias) => alias !== name,
      ),
      description: longestDescription(clusters),
      documentIds: distinct(clusters.flatMap((cluster) => cluster.documentIds)),
      clusterIds: distinct(clusters.map((cluster) => cluster.clusterId)),
      mentionCount: clusters.reduce((sum, cluster) => sum + cluster.mentionCount, 0),
      confidence: mean(clusters.flatMap((cluster) => Array<number>(cluster.mentionCount).fill(cluster.confidence))),
    };
  },
});
