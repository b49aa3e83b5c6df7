import { defineSqlModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, sql, text } from "millrace/schema";
import { z } from "zod";
import { entityPassages } from "./entity-passages.ts";

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
  sources: {
    passages: ref(entityPassages, {
      columns: [
        "entityId",
        "canonicalName",
        "entityType",
        "documentId",
        "sectionId",
        "mentionNumber",
        "entityName",
        "aliases",
        "description",
        "confidence",
      ],
    }),
  },
  forEach: "passages",
  by: ["entityId"],
  // Sums of fractions depend on their order; those of numerics do not.
  sql: ({ passages }) => sql`
    with aliased as (
      select p.entity_id, jsonb_agg(distinct a.alias order by a.alias) as aliases
      from ${passages} as p
      cross join lateral (
        select p.entity_name collate "C" as alias
        union select value collate "C" from jsonb_array_elements_text(p.aliases)
      ) as a
      where a.alias <> p.canonical_name
      group by p.entity_id
    ), counted as (
      select p.entity_id, min(p.canonical_name) as canonical_name, min(p.entity_type) as entity_type,
        (array_agg(p.description order by length(p.description) desc, p.description collate "C")
          filter (where p.description is not null))[1] as description,
        round(avg(p.confidence::numeric), 3)::float8 as confidence,
        count(*)::int as mention_count, count(distinct p.document_id)::int as document_count
      from ${passages} as p
      group by p.entity_id
    )
    select c.*, coalesce(a.aliases, '[]'::jsonb) as aliases
    from counted as c left join aliased as a using (entity_id)`,
});
