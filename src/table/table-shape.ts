import { is, SQL } from "drizzle-orm";
import { getTableConfig, type PgColumn, PgDialect, type PgTable } from "drizzle-orm/pg-core";
import type { z } from "zod";
import { closedSql } from "../database/sql-text.ts";
import { BASE_KEYS, markedDocumentColumn } from "./pipeline-table.ts";

/** One column as the reader, the writer and the schema planner need it. */
export interface ColumnShape {
  /** Key of a row in TypeScript. */
  readonly key: string;
  /** Name in the database. */
  readonly name: string;
  readonly sqlType: string;
  readonly notNull: boolean;
  /** SQL text of the default, as written in DDL; undefined without one. */
  readonly defaultSql: string | undefined;
  /** Filled by Millrace: never data, never part of a fingerprint. */
  readonly isBase: boolean;
  /** Schema of a `json(schema)` column. */
  readonly valueSchema: z.ZodType | undefined;
  readonly column: PgColumn;
}

/** A table as data: what `pipelineTable` declared, resolved once. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly ColumnShape[];
  /** Names, in key order; empty when the table has no primary key. */
  readonly primaryKey: readonly string[];
  /** Name of the column that holds the document id, if there is one. */
  readonly documentColumn: string | undefined;
  /** What the query of a SQL model makes of it; undefined for the table of a model with a function. */
  readonly query: "table" | "view" | undefined;
  readonly table: PgTable;
}

// Found by its name, so that a declaration from another copy of this package is understood.
const QUERY = Symbol.for("millrace:query");

/** A table's declaration as that of what a query fills: a table, or a view, which has the data columns only. */
export function filledByQuery(table: object, materialized: "table" | "view"): object {
  return Object.freeze({ [QUERY]: { table, materialized } });
}

/** False for a view without declared columns: they are read from the database. */
export function hasColumns(shape: TableShape): boolean {
  return shape.columns.length > 0;
}

const shapes = new WeakMap<object, TableShape>();

/** Resolves a Drizzle table once; later calls return the same object. */
export function describeTable(table: object): TableShape {
  const known = shapes.get(table);
  if (known !== undefined) return known;
  const { [QUERY]: query } = table as Partial<Record<symbol, QueryMark>>;
  const shape = query === undefined ? resolveShape(table as PgTable) : queryShape(query);
  shapes.set(table, shape);
  return shape;
}

/** Columns that hold the model's own data, in declaration order. */
export function dataColumns(shape: TableShape): readonly ColumnShape[] {
  return shape.columns.filter((column) => !column.isBase);
}

interface QueryMark {
  readonly table: object;
  readonly materialized: "table" | "view";
}

function queryShape({ table, materialized }: QueryMark): TableShape {
  const shape = describeTable(table);
  const columns = materialized === "view" ? dataColumns(shape) : shape.columns;
  return Object.freeze({ ...shape, columns, query: materialized });
}

function resolveShape(table: PgTable): TableShape {
  const config = getTableConfig(table);
  const keys = new Map(Object.entries(table).map(([key, column]) => [column, key]));
  const inline = config.columns.filter((column) => column.primary).map((column) => column.name);
  const primaryKey = config.primaryKeys[0]?.columns.map((column) => column.name) ?? inline;
  const columns = config.columns.map((column): ColumnShape => {
    const key = keys.get(column) ?? column.name;
    const { valueSchema } = (column as unknown as { config: { valueSchema?: z.ZodType } }).config;
    return {
      key,
      name: column.name,
      sqlType: column.getSQLType(),
      // Postgres makes these NOT NULL by itself.
      notNull: column.notNull || primaryKey.includes(column.name) || column.getSQLType().endsWith("serial"),
      defaultSql: defaultSql(column),
      isBase: (BASE_KEYS as readonly string[]).includes(key),
      valueSchema,
      column,
    };
  });
  const marked = markedDocumentColumn(table);
  return Object.freeze({
    name: config.name,
    columns,
    primaryKey,
    documentColumn: marked ?? columns.find((column) => column.key === "documentId")?.name,
    query: undefined,
    table,
  });
}

const dialect = new PgDialect();

function defaultSql(column: PgColumn): string | undefined {
  if (column.default === undefined) return undefined;
  if (is(column.default, SQL)) return closedSql(dialect.sqlToQuery(column.default.inlineParams()).sql);
  const value: unknown = column.mapToDriverValue(column.default);
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  return `'${String(value).replaceAll("'", "''")}'`;
}
