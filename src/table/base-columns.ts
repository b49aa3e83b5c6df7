import { sql } from "drizzle-orm";
import { text, timestamp } from "drizzle-orm/pg-core";
import { UsageError } from "../core/errors.ts";
import { quoteList } from "../core/text.ts";

/** Keys of the columns that Millrace adds to every table and fills itself (`error` is the author's). */
export const BASE_KEYS = ["workflowId", "modelName", "sourceKey", "createdAt", "updatedAt", "error"] as const;

export const baseColumns = () => ({
  /** The run that wrote the row. */
  workflowId: text().notNull().default(""),
  modelName: text().notNull().default(""),
  /** The unit that wrote the row; empty for a table model. */
  sourceKey: text().notNull().default(""),
  createdAt: timestamp({ withTimezone: true })
    .notNull()
    .default(sql`now()`),
  updatedAt: timestamp({ withTimezone: true })
    .notNull()
    .default(sql`now()`),
  /** A note of the model's author about this row; Millrace never fills it. */
  error: text(),
});

export type BaseColumns = ReturnType<typeof baseColumns>;

export function refuseReserved(table: string, keys: readonly string[]): void {
  const taken = keys.filter((key) => (BASE_KEYS as readonly string[]).includes(key));
  if (taken.length === 0) return;
  throw new UsageError(
    "COLUMN_RESERVED",
    `Table "${table}" declares ${quoteList(taken)}, which every table already has.`,
    {
      hint: "Remove the column, or rename it. Millrace fills them all except `error`, which you may return.",
    },
  );
}
