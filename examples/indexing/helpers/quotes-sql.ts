import { sql } from "millrace/schema";
import { z } from "zod";

export const quotesSchema = z.array(
  z.object({
    documentId: z.string(),
    sectionId: z.string(),
    quote: z.string(),
    quoteStartOffset: z.number().int().nullable(),
    quoteEndOffset: z.number().int().nullable(),
  }),
);

const MAX_QUOTES = 20;

/** The first 20 quotes of a group by place; all of them are in the table of evidence. */
export const quotesOf = (evidence: string) => {
  const e = sql.raw(evidence);
  const quote = sql`jsonb_build_object(
    'documentId', ${e}.document_id, 'sectionId', ${e}.section_id, 'quote', ${e}.quote,
    'quoteStartOffset', ${e}.quote_start_offset, 'quoteEndOffset', ${e}.quote_end_offset)`;
  const order = sql`${e}.document_id collate "C", ${e}.quote_start_offset, ${e}.section_id collate "C", ${e}.quote collate "C"`;
  return sql`to_jsonb((array_agg(${quote} order by ${order}))[1:${sql.raw(String(MAX_QUOTES))}])`;
};

/** The order of the evidence of a claim: the first row is the one that stands for it. */
export const surestFirst = sql`confidence desc, canonical_statement collate "C", claim_hash collate "C"`;
