import { defineModel, ref } from "millrace";
import { pipelineTable, primaryKey, real, text } from "millrace/schema";
import { byCodePoint } from "../helpers/entity-key.ts";
import { statementBlocks } from "../helpers/statement-blocks.ts";
import { claimMentions } from "./claim-mentions.ts";

const table = pipelineTable(
  "indexing_claim_embeddings",
  {
    statementId: text().notNull(),
    block: text().notNull(),
    statement: text().notNull(),
    embedding: real().array().notNull(),
  },
  (column) => [primaryKey({ columns: [column.statementId, column.block] })],
);

export const claimEmbeddings = defineModel({
  name: "indexing.claim_embeddings",
  description: "Each statement's embedding, in every block of statements that it is compared with",
  table,
  sources: { claims: ref(claimMentions, { columns: ["statementId", "statement"] }) },
  forEach: "claims",
  by: ["statementId"],
  // Units that ask together go out in one request.
  concurrency: 64,
  async run({ key, rows, llm }) {
    const [statement = ""] = rows.map((row) => row.statement).toSorted(byCodePoint);
    const blocks = statementBlocks(statement);
    if (blocks.length === 0) return [];
    const { embeddings } = await llm.embed([statement]);
    const embedding = [...(embeddings[0] ?? [])];
    return blocks.map((block) => ({ ...key, block, statement, embedding }));
  },
});
