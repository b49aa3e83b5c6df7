import { MillraceError } from "../core/errors.ts";
import { type Database, type DatabaseClient, quoteName } from "../database/connect.ts";
import { enumOf, isWidening, normalizeType, typeSql } from "./column-type.ts";
import {
  type ExistingColumn,
  type ExistingTable,
  readExistingEnums,
  readExistingTables,
  type RunQuery,
} from "./existing-tables.ts";
import { findObstacle, isOwnComment, planAroundViews } from "./own-views.ts";
import { columnSql, createTableSql, tableParts } from "./table-ddl.ts";
import type { ColumnShape, TableShape } from "./table-shape.ts";

/** A change that could lose data or fail, with the SQL that a person may decide to run. */
export interface BlockedChange {
  readonly table: string;
  readonly column?: string;
  readonly reason: string;
  readonly sql: string;
}

/** What it takes to bring the database to the declared tables; empty when it is there. */
export interface SchemaPlan {
  /** Safe, in the order they run. */
  readonly statements: readonly string[];
  /** Names of the tables and views that are not there yet; a view is made by the run of its model. */
  readonly created: readonly string[];
  /** Names of the tables that are there and get changed. */
  readonly altered: readonly string[];
  readonly blocked: readonly BlockedChange[];
}

/** Compares declared tables with the database. Changes nothing. */
export function planSchemaChanges(database: Database, shapes: readonly TableShape[]): Promise<SchemaPlan> {
  return plan((text, parameters) => database.query(text, parameters) as never, shapes);
}

export interface ApplySchemaOptions {
  /** Runs the blocked statements too. */
  readonly includeBlocked?: boolean | undefined;
}

/** Makes the safe changes, or none when one is blocked. Several processes may do so at once. */
export async function applySchemaChanges(
  database: Database,
  shapes: readonly TableShape[],
  { includeBlocked = false }: ApplySchemaOptions = {},
): Promise<SchemaPlan> {
  return database.transaction(async (client) => {
    // Who waited here plans again and finds what the other one has made.
    await client.query("select pg_advisory_xact_lock(hashtext('millrace schema'))");
    const changes = await plan(queryOf(client), shapes);
    if (changes.blocked.length > 0 && !includeBlocked) throw blockedError(changes.blocked);
    for (const statement of [...changes.statements, ...changes.blocked.map((change) => change.sql)])
      await client.query(statement);
    return changes;
  });
}

function queryOf(client: DatabaseClient): RunQuery {
  return async (text, parameters = []) => (await client.query(text, [...parameters])).rows as never;
}

/** Blocked changes as one error, with the SQL in full. */
export function blockedError(blocked: readonly BlockedChange[]): MillraceError {
  const lines = blocked.map(
    ({ table, column, reason, sql }) =>
      `  ${table}${column === undefined ? "" : `.${column}`}: ${reason}\n    ${sql.replaceAll("\n", "\n    ")};`,
  );
  return new MillraceError(
    "SCHEMA_CHANGE",
    `The declared tables need changes that could lose data or fail:\n${lines.join("\n")}`,
    {
      hint: "Run the SQL yourself, or all of it with `millrace migrate`.",
      details: { blocked },
    },
  );
}

async function plan(query: RunQuery, shapes: readonly TableShape[]): Promise<SchemaPlan> {
  const enums = new Map(
    shapes
      .flatMap((shape) => shape.columns.flatMap(({ column }) => enumOf(column) ?? []))
      .map((each) => [each.name, each]),
  );
  const existing = await readExistingTables(
    query,
    shapes.map((shape) => shape.name),
  );
  const existingEnums = await readExistingEnums(query, [...enums.keys()]);
  const statements: string[] = [];
  // Foreign keys come last: the table they point to may be a new one too.
  const late: string[] = [];
  const blocked: BlockedChange[] = [];
  const created: string[] = [];
  const altered: string[] = [];

  for (const { name, values } of enums.values()) {
    const old = existingEnums.get(name);
    if (old === undefined)
      statements.push(`create type ${quoteName(name)} as enum (${values.map(quoteText).join(", ")})`);
    else
      for (const value of values.filter((each) => !old.includes(each)))
        blocked.push({
          table: name,
          reason: "the enum gets a new value",
          sql: `alter type ${quoteName(name)} add value ${quoteText(value)}`,
        });
  }
  for (const shape of shapes) {
    const table = existing.get(shape.name);
    if (shape.query === "view") {
      const obstacle = table === undefined ? undefined : await findObstacle(query, shape, table);
      if (obstacle !== undefined) blocked.push({ table: shape.name, ...obstacle });
      if (table?.kind !== "v") created.push(shape.name);
      continue;
    }
    // The model's run puts the table in the place of its view, with its rows at once.
    if (shape.query === "table" && table?.kind === "v" && isOwnComment(table.comment)) {
      created.push(shape.name);
      continue;
    }
    if (table !== undefined) {
      const changes = await compareTable(query, shape, table);
      statements.push(...changes.statements);
      blocked.push(...changes.blocked);
      if (changes.statements.length > 0) altered.push(shape.name);
      continue;
    }
    created.push(shape.name);
    statements.push(createTableSql(shape));
    for (const part of tableParts(shape)) (part.kind === "foreign key" ? late : statements).push(part.sql);
  }
  return { statements: [...statements, ...late], created, altered, blocked };
}

const CHANGES_TYPE = / alter column "(?:[^"]|"")+" type /;

async function compareTable(
  query: RunQuery,
  shape: TableShape,
  table: ExistingTable,
): Promise<Pick<SchemaPlan, "statements" | "blocked">> {
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
      sql: `${alter} ${missingBase.map((column) => `add column ${columnSql(column)}`).join(", ")}`,
    });
  }
  for (const column of missing.filter((each) => !each.isBase)) {
    if (!column.notNull || isFilled(column)) statements.push(`${alter} add column ${columnSql(column)}`);
    else
      block({
        column: column.name,
        reason: "a new column is NOT NULL without a default, and rows that exist have no value for it",
        sql: `${alter} add column ${columnSql(column)}`,
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
  const [from, to] = [normalizeType(found.type), normalizeType(typeSql(column.column))];
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

const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`;
