import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { claimHash, statementIdOf } from "../helpers/claim-key.ts";
import { entityIdOf } from "../helpers/entity-key.ts";
import { sectionExtractions } from "./section-extractions.ts";

const table = pipelineTable(
  "indexing_claim_mentions",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    claimNumber: integer().notNull(),
    claimHash: text().notNull(),
    /** Equal for statements that differ in case and blanks only. */
    statementId: text().notNull(),
    statement: text().notNull(),
    claimType: text().notNull(),
    confidence: doublePrecision().notNull(),
    /** Names that the claim is about, the subject first. */
    nameIds: json(z.array(z.string())).notNull(),
    quote: text().notNull(),
    /** Null where the quote is not in the document. */
    quoteStartOffset: integer(),
    quoteEndOffset: integer(),
  },
  (column) => [primaryKey({ columns: [column.documentId, column.sectionId, column.claimNumber] })],
);

export const claimMentions = defineModel({
  name: "indexing.claim_mentions",
  description: "One row per claim and section: the evidence that it is made there",
  table,
  sources: { extractions: ref(sectionExtractions, { columns: ["documentId", "sectionId", "entities", "claims"] }) },
  forEach: "extractions",
  async run({ row: { documentId, sectionId, entities, claims } }) {
    const stated = claims.filter(({ statement }) => statement.trim() !== "");
    return stated.map(({ entityIndices, ...claim }, index) => ({
      documentId,
      sectionId,
      claimNumber: index + 1,
      claimHash: claimHash(claim.statement, claim.claimType, documentId),
      statementId: statementIdOf(claim.statement),
      nameIds: entityIndices.flatMap((place) => {
        const entity = entities[place];
        return entity === undefined ? [] : [entityIdOf(entity.name, entity.entityType)];
      }),
      ...claim,
    }));
  },
});
