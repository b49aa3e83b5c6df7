import { defineSqlModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, sql, text } from "millrace/schema";
import { z } from "zod";
import { entityMentions } from "./entity-mentions.ts";

const table = pipelineTable("indexing_entity_names", {
  nameId: text().primaryKey(),
  entityName: text().notNull(),
  entityType: text().notNull(),
  /** The longest one, as the one that says most. */
  description: text(),
  aliases: json(z.array(z.string())).notNull(),
  confidence: doublePrecision().notNull(),
  documentIds: json(z.array(z.string())).notNull(),
  mentionCount: integer().notNull(),
});

export const entityNames = defineSqlModel({
  name: "indexing.entity_names",
  description: "Every name once for each type it is used with, with all that its mentions say",
  materialized: "table",
  table,
  sources: { mentions: ref(entityMentions) },
  forEach: "mentions",
  by: ["nameId"],
  // Sums of fractions depend on their order; those of numerics do not.
  sql: ({ mentions }) => sql`
    select
      m.name_id,
      min(m.entity_name) as entity_name,
      min(m.entity_type) as entity_type,
      (array_agg(m.description order by length(m.description) desc, m.description collate "C")
        filter (where m.description is not null))[1] as description,
      coalesce(
        jsonb_agg(distinct a.alias order by a.alias) filter (where a.alias is not null and a.alias <> m.entity_name),
        '[]'
      ) as aliases,
      round(avg(m.confidence::numeric), 3)::float8 as confidence,
      jsonb_agg(distinct m.document_id order by m.document_id) as document_ids,
      count(distinct (m.document_id, m.section_id, m.mention_number))::int as mention_count
    from ${mentions} as m
    left join lateral (select value collate "C" as alias from jsonb_array_elements_text(m.aliases)) as a on true
    group by m.name_id`,
});
