import { integer, jsonb, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { pipelineTable } from "../src/table/pipeline-table.ts";

/** Rows of about 1 kB: two text keys, a text with characters that need escapes, jsonb, numbers and times. */
export const benchTable = pipelineTable(
  "bench_sections",
  {
    documentId: text().notNull(),
    sectionId: text().notNull(),
    content: text().notNull(),
    metadata: jsonb().$type<unknown>().notNull(),
    tokens: integer().notNull(),
    position: integer().notNull(),
    model: text(),
    seenAt: timestamp({ withTimezone: true }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.documentId, t.sectionId] })],
);

export type BenchRow = typeof benchTable.$inferInsert;

const ROWS_PER_UNIT = 100;
const SENTENCE = "The quick brown fox\tjumps over the lazy dog; a path like C:\\temp and a café – as it goes.\n";

export interface BenchUnit {
  readonly sourceKey: string;
  readonly rows: readonly BenchRow[];
}

/** Units of 100 rows; another `version` changes every row and no key. */
export function createUnits(rows: number, version: number): readonly BenchUnit[] {
  return Array.from({ length: Math.ceil(rows / ROWS_PER_UNIT) }, (_, unit) => ({
    sourceKey: `document-${unit}`,
    rows: Array.from({ length: ROWS_PER_UNIT }, (_, row) => createRow(unit, row, version)),
  }));
}

function createRow(unit: number, row: number, version: number): BenchRow {
  return {
    documentId: `document-${unit}`,
    sectionId: `section-${unit}-${row}`,
    content: `${version} ${unit} ${row} ${SENTENCE.repeat(5)}${"x".repeat(row % 60)}`,
    metadata: {
      version,
      title: `Section ${row} of document ${unit}`,
      tags: ["alpha", "beta", "gamma"],
      entities: Array.from({ length: 4 }, (_, index) => ({
        name: `Entity ${index}`,
        type: "person",
        score: index / 7,
      })),
    },
    tokens: unit * 7 + row,
    position: row,
    model: row % 5 === 0 ? null : "gpt-4.1-mini",
    seenAt: new Date(1_700_000_000_000 + unit * 1_000 + row),
  };
}
