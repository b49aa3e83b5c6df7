import { defineSqlModel, ref } from "millrace";
import { pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { comparedIn } from "../helpers/blocks-sql.ts";
import { entityEmbeddings } from "./entity-embeddings.ts";

const table = pipelineTable(
  "indexing_entity_blocks",
  {
    entityType: text().notNull(),
    block: text().notNull(),
    /** Of a large block; empty for one that is compared as a whole. */
    part: text().notNull(),
    nameId: text().notNull(),
    spelling: text().notNull(),
    /** Null in a block of names that are spelled alike. */
    embedding: text(),
  },
  (column) => [primaryKey({ columns: [column.entityType, column.block, column.nameId] })],
);

export const entityBlocks = defineSqlModel({
  name: "indexing.entity_blocks",
  description: "Which names are compared with which: those in one part of a block of one type",
  materialized: "view",
  table,
  sources: { names: ref(entityEmbeddings) },
  // Parts are found without the embeddings, which would be sorted along.
  sql: ({ names }) => sql`
    with members as (
      select n.name_id as id, n.entity_type, n.spelling, b.block
      from ${names} as n cross join lateral jsonb_array_elements_text(n.blocks) as b (block)
    ), ${comparedIn("entity_type, block")}
    select c.entity_type, c.block, c.part, c.id as name_id, c.spelling,
      case when left(c.block, 1) <> '=' then n.embedding end as embedding
    from compared as c join ${names} as n on n.name_id = c.id`,
});
