import { defineSqlModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, sql, text } from "millrace/schema";
import { z } from "zod";
import { entityEvidence } from "./entity-evidence.ts";
import { entityNames } from "./entity-names.ts";
import { entityResolution } from "./entity-resolution.ts";

const table = pipelineTable("entities", {
  entityId: text().primaryKey(),
  canonicalName: text().notNull(),
  entityType: text().notNull(),
  aliases: json(z.array(z.string())).notNull(),
  description: text(),
  /** Mean over the mentions. */
  confidence: doublePrecision().notNull(),
  mentionCount: integer().notNull(),
  documentCount: integer().notNull(),
});

export const entities = defineSqlModel({
  name: "indexing.entities",
  description: "The nodes of the graph: what the documents that are there now speak of",
  materialized: "table",
  table,
  sources: { evidence: ref(entityEvidence), resolutions: ref(entityResolution), names: ref(entityNames) },
  sql: ({ evidence, resolutions, names }) => sql`
    with counted as (
      select entity_id, count(*)::int as mention_count, count(distinct document_id)::int as document_count,
        round(avg(confidence::numeric), 3)::float8 as confidence
      from ${evidence} group by entity_id
    ), described as (
      select r.resolved_entity_id as entity_id, min(r.canonical_name) as canonical_name,
        min(r.entity_type) as entity_type,
        (array_agg(n.description order by length(n.description) desc, n.description collate "C")
          filter (where n.description is not null))[1] as description
      from ${resolutions} as r join ${names} as n using (name_id)
      group by r.resolved_entity_id
    ), aliased as (
      select r.resolved_entity_id as entity_id, jsonb_agg(distinct a.alias order by a.alias) as aliases
      from ${resolutions} as r
      join ${names} as n using (name_id)
      cross join lateral (
        select n.entity_name collate "C" as alias
        union select value collate "C" from jsonb_array_elements_text(n.aliases)
      ) as a
      where a.alias <> r.canonical_name
      group by r.resolved_entity_id
    )
    select d.entity_id, d.canonical_name, d.entity_type, coalesce(a.aliases, '[]'::jsonb) as aliases, d.description,
      c.confidence, c.mention_count, c.document_count
    from described as d join counted as c using (entity_id) left join aliased as a using (entity_id)`,
});
