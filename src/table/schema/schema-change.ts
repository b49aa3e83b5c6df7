import { MillraceError } from "../../core/errors.ts";
import { type Database, type DatabaseClient, quoteName } from "../../database/connect.ts";
import { enumOf } from "../column-enum.ts";
import { type BlockedChange, compareTable } from "./compare-table.ts";
import { readExistingEnums, readExistingTables, type RunQuery } from "./existing-tables.ts";
import { findObstacle, isOwnComment } from "./own-views.ts";
import { createTableSql, tableParts } from "./table-ddl.ts";
import type { TableShape } from "../table-shape.ts";

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
  /** What else belongs to these changes, in the same transaction. */
  readonly onChange?: ((client: DatabaseClient, changes: SchemaPlan) => Promise<void>) | undefined;
}

/** Makes the safe changes, or none when one is blocked. Several processes may do so at once. */
export async function applySchemaChanges(
  database: Database,
  shapes: readonly TableShape[],
  { includeBlocked = false, onChange }: ApplySchemaOptions = {},
): Promise<SchemaPlan> {
  return database.transaction(async (client) => {
    // Who waited here plans again and finds what the other one has made.
    await client.query("select pg_advisory_xact_lock(hashtext('millrace schema'))");
    const changes = await plan(queryOf(client), shapes);
    if (changes.blocked.length > 0 && !includeBlocked) throw blockedError(changes.blocked);
    for (const statement of [...changes.statements, ...changes.blocked.map((change) => change.sql)])
      await client.query(statement);
    await onChange?.(client, changes);
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

const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`;
