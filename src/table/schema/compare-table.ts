import { quoteName } from "../../database/connect.ts";
import { isWidening, normalizeType, typeSql } from "./column-type.ts";
import type { ExistingColumn, ExistingTable, RunQuery } from "./existing-tables.ts";
import { planAroundViews } from "./own-views.ts";
import { columnDefinition, tableParts } from "./table-ddl.ts";
import type { ColumnShape, TableShape } from "../table-shape.ts";

/** A change that could lose data or fail, with the SQL that a person may decide to run. */
export interface BlockedChange {
  readonly table: string;
  readonly column?: string;
  readonly reason: string;
  readonly sql: string;
}

export interface TableChanges {
  /** Safe, in the order they run. */
  readonly statements: readonly string[];
  readonly blocked: readonly BlockedChange[];
}

const CHANGES_TYPE = / alter column "(?:[^"]|"")+" type /;

/** What it takes to make a table that is there the declared one. */
export async function compareTable(query: RunQuery, shape: TableShape, table: ExistingTable): Promise<TableChanges> {
  const statements: string[] = [];
  const blocked: BlockedChange[] = [];
  compareColumns(shape, table, statements, blocked);
  if (![...statements, ...blocked.map(({ sql }) => sql)].some((sql) => CHANGES_TYPE.test(sql)))
    return { statements, blocked };
  const { drop, restore } = await planAroundViews(query, shape.name);
  const isSafe = statements.some((sql) => CHANGES_TYPE.test(sql));
  return {
    statements: isSafe ? [...drop, ...statements, ...restore] : statements,
    // Whether their queries fit the new type is for the runs of their models to find out.
    blocked: blocked.map((change) =>
      CHANGES_TYPE.test(change.sql) ? { ...change, sql: [...drop, change.sql].join(";\n") } : change,
    ),
  };
}

function compareColumns(shape: TableShape, table: ExistingTable, statements: string[], blocked: BlockedChange[]): void {
  const alter = `alter table ${quoteName(shape.name)}`;
  const block = (change: Omit<BlockedChange, "table">) => blocked.push({ table: shape.name, ...change });
  if (table.kind !== "r" && table.kind !== "p") {
    block({
      reason: "a view has this name",
      sql: `drop ${table.kind === "m" ? "materialized view" : table.kind === "f" ? "foreign table" : "view"} ${quoteName(shape.name)}`,
    });
    return;
  }
  const old = new Map(table.columns.map((column) => [column.name, column]));
  const missing = shape.columns.filter((column) => !old.has(column.name));
  const missingBase = missing.filter((column) => column.isBase);
  if (missingBase.length > 0) {
    // A table without them was made by someone else, and a model would replace its rows.
    block({
      reason: "the table was not made by Millrace: it lacks base columns",
      sql: `${alter} ${missingBase.map((column) => `add column ${columnDefinition(column)}`).join(", ")}`,
    });
  }
  for (const column of missing.filter((each) => !each.isBase)) {
    if (!column.notNull || isFilled(column)) statements.push(`${alter} add column ${columnDefinition(column)}`);
    else
      block({
        column: column.name,
        reason: "a new column is NOT NULL without a default, and rows that exist have no value for it",
        sql: `${alter} add column ${columnDefinition(column)}`,
      });
  }
  for (const column of shape.columns) {
    const found = old.get(column.name);
    if (found !== undefined) compareColumn(column, found, shape, { alter, statements, block });
  }
  comparePrimaryKey(shape, table, alter, block);
  for (const column of table.columns) {
    if (shape.columns.some((each) => each.name === column.name) || !column.notNull || column.isFilled) continue;
    block({
      column: column.name,
      reason: "the column is no longer declared, and NOT NULL without a default, so that no row could be inserted",
      sql: `${alter} alter column ${quoteName(column.name)} drop not null`,
    });
  }
  const gone = new Set(missingBase.map((column) => column.name));
  for (const part of tableParts(shape)) {
    if (table.parts.includes(part.name)) continue;
    const isSafe =
      part.kind === "index" &&
      !part.sql.startsWith("create unique") &&
      !(gone.has("source_key") && part.sql.includes('("source_key")'));
    if (isSafe) statements.push(part.sql);
    else block({ reason: `rows that exist may not meet the new ${part.kind} "${part.name}"`, sql: part.sql });
  }
}

interface ChangeSink {
  readonly alter: string;
  readonly statements: string[];
  readonly block: (change: Omit<BlockedChange, "table">) => void;
}

function compareColumn(
  column: ColumnShape,
  found: ExistingColumn,
  shape: TableShape,
  { alter, statements, block }: ChangeSink,
): void {
  const name = quoteName(column.name);
  const [from, to] = [normalizeType(found.sqlType), normalizeType(typeSql(column.column))];
  if (from !== to) {
    if (isWidening(from, to)) statements.push(`${alter} alter column ${name} type ${to}`);
    else
      block({
        column: column.name,
        reason: `the type changes from ${from} to ${to}`,
        sql: `${alter} alter column ${name} type ${typeSql(column.column)} using ${name}::${typeSql(column.column)}`,
      });
  }
  if (found.notNull && !column.notNull && !shape.primaryKey.includes(column.name))
    statements.push(`${alter} alter column ${name} drop not null`);
  // A new primary key makes its columns NOT NULL by itself.
  if (!found.notNull && column.notNull && !shape.primaryKey.includes(column.name)) {
    block({
      column: column.name,
      reason: "the column becomes NOT NULL, and rows that exist may hold null",
      sql: `${alter} alter column ${name} set not null`,
    });
  }
}

function comparePrimaryKey(
  shape: TableShape,
  { primaryKey }: ExistingTable,
  alter: string,
  block: ChangeSink["block"],
): void {
  const old = primaryKey?.columns ?? [];
  // The order of a key's columns matters to its index only, never to which rows are equal.
  if (old.toSorted().join("\n") === shape.primaryKey.toSorted().join("\n")) return;
  const drop = primaryKey === null ? [] : [`drop constraint ${quoteName(primaryKey.name)}`];
  const add = shape.primaryKey.length === 0 ? [] : [`add primary key (${shape.primaryKey.map(quoteName).join(", ")})`];
  const list = (columns: readonly string[]) => (columns.length === 0 ? "none" : `(${columns.join(", ")})`);
  block({
    reason: `the primary key changes from ${list(old)} to ${list(shape.primaryKey)}`,
    sql: `${alter} ${[...drop, ...add].join(", ")}`,
  });
}

function isFilled({ column, defaultSql }: ColumnShape): boolean {
  return (
    defaultSql !== undefined ||
    column.generated !== undefined ||
    column.generatedIdentity !== undefined ||
    column.getSQLType().endsWith("serial")
  );
}
