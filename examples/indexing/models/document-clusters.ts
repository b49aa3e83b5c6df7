import { defineSqlModel, ref } from "millrace";
import { pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { entityClusters } from "./entity-clusters.ts";
import { entityMentions } from "./entity-mentions.ts";
import { entityResolution } from "./entity-resolution.ts";

export const documentClusters = defineSqlModel({
  name: "indexing.document_clusters",
  description: "Which document speaks of which cluster of names; `--in-cluster` looks here",
  materialized: "view",
  table: pipelineTable(
    "document_clusters",
    { documentId: text().notNull(), clusterId: text().notNull(), clusterName: text().notNull() },
    (column) => [primaryKey({ columns: [column.documentId, column.clusterId] })],
  ),
  sources: { mentions: ref(entityMentions), clusters: ref(entityClusters), resolutions: ref(entityResolution) },
  sql: ({ mentions, clusters, resolutions }) => sql`
    select distinct m.document_id, c.cluster_id, r.canonical_name as cluster_name
    from ${mentions} as m
    join ${clusters} as c using (name_id)
    join ${resolutions} as r on r.name_id = c.cluster_id`,
});
