import { defineSqlModel, ref } from "millrace";
import { pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { comparedIn } from "../helpers/blocks-sql.ts";
import { claimEmbeddings } from "./claim-embeddings.ts";

const table = pipelineTable(
  "indexing_claim_blocks",
  {
    block: text().notNull(),
    /** Of a large block; empty for one that is compared as a whole. */
    part: text().notNull(),
    statementId: text().notNull(),
    statement: text().notNull(),
    embedding: text().notNull(),
  },
  (column) => [primaryKey({ columns: [column.block, column.statementId] })],
);

export const claimBlocks = defineSqlModel({
  name: "indexing.claim_blocks",
  description: "Which statements are compared with which: those in one part of a block",
  materialized: "view",
  table,
  sources: { statements: ref(claimEmbeddings) },
  sql: ({ statements }) => sql`
    with members as (
      select s.statement_id as id, s.statement as spelling, b.block
      from ${statements} as s cross join lateral jsonb_array_elements_text(s.blocks) as b (block)
    ), ${comparedIn("block")}
    select c.block, c.part, c.id as statement_id, s.statement, s.embedding
    from compared as c join ${statements} as s on s.statement_id = c.id`,
});
