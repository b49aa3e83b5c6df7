import { defineModel, ref } from "millrace";
import { json, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { byCodePoint } from "../helpers/entity-key.ts";
import { packEmbedding } from "../helpers/packed-embedding.ts";
import { statementBlocks } from "../helpers/statement-blocks.ts";
import { claimMentions } from "./claim-mentions.ts";

const table = pipelineTable("indexing_claim_embeddings", {
  statementId: text().primaryKey(),
  statement: text().notNull(),
  /** Statements that share a block are compared. */
  blocks: json(z.array(z.string())).notNull(),
  /** Packed. */
  embedding: text().notNull(),
});

export const claimEmbeddings = defineModel({
  name: "indexing.claim_embeddings",
  description: "Each statement's embedding, and the blocks of statements that it is compared in",
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
    return { ...key, statement, blocks, embedding: packEmbedding(embeddings[0] ?? []) };
  },
});
