import {
  type BuildColumns,
  type BuildExtraConfigColumns,
  getTableColumns,
  type InferInsertModel,
  type InferSelectModel,
  sql,
  type Table,
} from "drizzle-orm";
import {
  boolean,
  doublePrecision,
  getTableConfig,
  index,
  integer,
  jsonb,
  type PgColumn,
  type PgColumnBuilderBase,
  pgTable,
  type PgTableExtraConfigValue,
  type PgTableWithColumns,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import type { z } from "zod";
import { UsageError } from "../core/errors.ts";
import { quoteList, snakeCase } from "../core/text.ts";
import { enumOf } from "./column-enum.ts";
import { refuseColumnName, refuseTableName, refuseTypeName } from "./table-names.ts";

export type Columns = Record<string, PgColumnBuilderBase>;

declare const rowType: unique symbol;
declare const newRowType: unique symbol;

/** What a model needs to know of its table's types: a row as it is read, and as it is written. */
export interface PipelineTable<Row extends object, NewRow extends object> {
  readonly [rowType]: Row;
  readonly [newRowType]: NewRow;
}

type Built<TableColumns extends Columns> = Table<{
  name: string;
  schema: undefined;
  dialect: "pg";
  columns: BuildColumns<string, TableColumns, "pg">;
}>;
type ReadRow<TableColumns extends Columns> = InferSelectModel<Built<TableColumns>>;
type WriteRow<TableColumns extends Columns> = InferInsertModel<Built<TableColumns>> & { error?: string | null };

/** Keys of the columns that Millrace adds to every table and fills itself (`error` is the author's). */
export const BASE_KEYS = ["workflowId", "modelName", "sourceKey", "createdAt", "updatedAt", "error"] as const;

const baseColumns = () => ({
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

type BaseColumns = ReturnType<typeof baseColumns>;
type DrizzleTable<Name extends string, TableColumns extends Columns> = PgTableWithColumns<{
  name: Name;
  schema: undefined;
  dialect: "pg";
  columns: BuildColumns<Name, TableColumns & BaseColumns, "pg">;
}>;

/**
 * A Postgres table that one model fills: your columns, plus `workflow_id`, `model_name`, `source_key`,
 * `created_at`, `updated_at` and `error`. Keys are camelCase here and snake_case in the database.
 * The result is a Drizzle table, so your own Drizzle queries work on it.
 *
 * @example
 * const sections = pipelineTable("document_sections", {
 *   documentId: text().notNull(),
 *   sectionId: text().notNull(),
 *   content: text().notNull(),
 * }, (t) => [primaryKey({ columns: [t.documentId, t.sectionId] })]);
 */
export function pipelineTable<Name extends string, TableColumns extends Columns>(
  name: Name,
  columns: TableColumns,
  extra?: (table: BuildExtraConfigColumns<Name, TableColumns, "pg">) => (PgTableExtraConfigValue | DocumentColumn)[],
): DrizzleTable<Name, TableColumns> & PipelineTable<ReadRow<TableColumns>, WriteRow<TableColumns>> {
  refuseTableName(name);
  for (const [key, builder] of Object.entries(columns)) nameColumn(builder, key);
  refuseReserved(name, columns);
  const base = baseColumns();
  for (const [key, builder] of Object.entries(base)) nameColumn(builder, key);
  const all = { ...columns, ...base };
  let marked: string | undefined;
  const table = pgTable(name, all as Columns, (built) => {
    const own = extra?.(built as BuildExtraConfigColumns<Name, TableColumns, "pg">) ?? [];
    marked = own.find((value) => value instanceof DocumentColumn)?.column.name;
    const constraints = own.filter((value): value is PgTableExtraConfigValue => !(value instanceof DocumentColumn));
    return [...constraints, index().on(built["sourceKey"] as PgColumn)];
  });
  for (const column of Object.values(getTableColumns(table))) {
    refuseColumnName(name, column.name);
    const type = enumOf(column);
    if (type !== undefined) refuseTypeName(type.name);
  }
  documentColumns.set(table, () => {
    // Drizzle calls the function above only when it is asked for the table's constraints.
    getTableConfig(table);
    return marked;
  });
  return table as unknown as ReturnType<typeof pipelineTable<Name, TableColumns>>;
}

// A name is taken in either spelling; two keys may come to one name.
function refuseReserved(table: string, columns: Columns): void {
  const named = Object.entries(columns).map(([key, builder]) => ({ key, name: nameOf(builder) }));
  const base: ReadonlySet<string> = new Set(BASE_KEYS.flatMap((key) => [key, snakeCase(key)]));
  const taken = named.filter(({ key, name }) => base.has(key) || base.has(name)).map(({ key }) => key);
  const twice = named.find(({ name }, index) => named.slice(index + 1).some((other) => other.name === name));
  if (taken.length === 0 && twice !== undefined) {
    const keys = named.filter(({ name }) => name === twice.name).map(({ key }) => key);
    throw new UsageError(
      "NAME_INVALID",
      `Table "${table}" declares ${quoteList(keys)}, which are one column in the database: "${twice.name}".`,
      { hint: "Rename one of them." },
    );
  }
  if (taken.length === 0) return;
  throw new UsageError(
    "COLUMN_RESERVED",
    `Table "${table}" declares ${quoteList(taken)}, which every table already has.`,
    {
      hint: "Remove the column, or rename it. Millrace fills them all except `error`, which you may return.",
    },
  );
}

// Columns get their database name here, so that queries work whatever `casing` a connection has.
function nameColumn(builder: PgColumnBuilderBase, key: string): void {
  const { config } = builder as unknown as { config: { name: string; keyAsName: boolean } };
  if (config.keyAsName || config.name === "") Object.assign(config, { name: snakeCase(key), keyAsName: false });
}

const nameOf = (builder: PgColumnBuilderBase) => (builder as unknown as { config: { name: string } }).config.name;

class DocumentColumn {
  readonly column: PgColumn;
  constructor(column: PgColumn) {
    this.column = column;
  }
}

const documentColumns = new WeakMap<object, () => string | undefined>();

/** Names the column with the document that a row came from, if it is not `documentId`. */
export function documentColumn(column: unknown): DocumentColumn {
  return new DocumentColumn(column as PgColumn);
}

/** The database name of the column that `documentColumn` marked on this table. */
export function markedDocumentColumn(table: object): string | undefined {
  return documentColumns.get(table)?.();
}

/** A `jsonb` column whose values are checked against `schema` before they are written. */
export function json<Schema extends z.ZodType>(schema: Schema) {
  const builder = jsonb().$type<z.output<Schema>>();
  (builder as unknown as { config: { valueSchema?: z.ZodType } }).config.valueSchema = schema;
  return builder;
}

/** Columns for what an LLM call cost. `llmCostUsd` is null when the price is unknown, never 0. */
export const llmTelemetry = () => ({
  llmModel: text(),
  llmInputTokens: integer(),
  llmOutputTokens: integer(),
  llmCostUsd: doublePrecision(),
  llmLatencyMs: integer(),
  llmCached: boolean(),
});
