import { defineSqlModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, sql, text } from "millrace/schema";
import { z } from "zod";
import { entityClusters } from "./entity-clusters.ts";
import { entityNames } from "./entity-names.ts";
import { entityNeighbours } from "./entity-neighbours.ts";

const table = pipelineTable("indexing_entity_candidates", {
  nameId: text().primaryKey(),
  clusterId: text().notNull(),
  clusterSize: integer().notNull(),
  entityName: text().notNull(),
  entityType: text().notNull(),
  description: text(),
  aliases: json(z.array(z.string())),
  confidence: doublePrecision().notNull(),
  documentIds: json(z.array(z.string())),
  mentionCount: integer().notNull(),
  /** The nearest names of other clusters. */
  similarExisting: json(z.array(z.object({ nameId: z.string(), entityName: z.string(), distance: z.number() }))),
});

export const entityCandidates = defineSqlModel({
  name: "indexing.entity_candidates",
  description: "Names with their cluster: what is known when it is decided which of them are one entity",
  materialized: "view",
  table,
  sources: { names: ref(entityNames), clusters: ref(entityClusters), neighbours: ref(entityNeighbours) },
  sql: ({ names, clusters, neighbours }) => sql`
    with pairs as (
      select first_id as name_id, second_id as other_id, distance from ${neighbours}
      union all
      select second_id, first_id, distance from ${neighbours}
    ), ranked as (
      select p.name_id, p.other_id, min(p.distance) as distance,
        row_number() over (partition by p.name_id order by min(p.distance), p.other_id collate "C") as rank
      from pairs as p
      join ${clusters} as own on own.name_id = p.name_id
      join ${clusters} as other on other.name_id = p.other_id and other.cluster_id <> own.cluster_id
      group by p.name_id, p.other_id
    ), nearest as (
      select r.name_id, jsonb_agg(
        jsonb_build_object('nameId', r.other_id, 'entityName', n.entity_name, 'distance', r.distance) order by r.rank
      ) as names
      from ranked as r join ${names} as n on n.name_id = r.other_id
      where r.rank <= 10
      group by r.name_id
    )
    select n.name_id, c.cluster_id, c.cluster_size, n.entity_name, n.entity_type, n.description, n.aliases, n.confidence,
      n.document_ids, n.mention_count, coalesce(s.names, '[]'::jsonb) as similar_existing
    from ${names} as n
    join ${clusters} as c using (name_id)
    left join nearest as s using (name_id)`,
});
