import { sha256 } from "../../core/hash.ts";
import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import { shortName } from "../schema/table-ddl.ts";
import type { TableShape } from "../table-shape.ts";
import { lineColumns, writtenColumns } from "../encode/written-columns.ts";

/** A table of encoded rows that are not in their own table yet. */
export interface Stage {
  /** SQL text of its name. */
  readonly name: string;
  /** SQL text of the unit that a staged row `s` belongs to. */
  readonly unit: string;
}

/** Names the unit of a row in the stage of a unit model. */
export const UNIT_COLUMN = "millrace_unit";

/** The stage of a unit model: one temporary table per connection and table, empty again after each transaction. */
export function unitStage(shape: TableShape): Stage {
  // A changed table gets a new stage on connections that live through the change.
  const signature = writtenColumns(shape).map((column) => [
    column.name,
    column.sqlType,
    column.notNull,
    column.databaseDefault,
  ]);
  const name = shortName(`stage_${sha256(JSON.stringify([shape.name, signature])).slice(0, 12)}_${shape.name}`);
  return { name: `pg_temp.${quoteName(name)}`, unit: `s.${UNIT_COLUMN}` };
}

/** Makes sure that the connection has the stage; one that a rolled back transaction made is gone. */
export async function createUnitStage(client: DatabaseClient, shape: TableShape): Promise<Stage> {
  const stage = unitStage(shape);
  const { rows } = await client.query<{ present: boolean }>("select to_regclass($1) is not null as present", [
    stage.name,
  ]);
  if (rows[0]?.present !== true) {
    await client.query(
      `create temp table ${stage.name.slice("pg_temp.".length)} on commit delete rows as ${emptyRows(shape, `, ''::text as ${UNIT_COLUMN}`)}`,
    );
  }
  return stage;
}

/** The stage of a table model: an unlogged table that outlives a connection. */
export async function createTableStage(client: DatabaseClient, shape: TableShape, name: string): Promise<void> {
  await client.query(`drop table if exists ${name}`);
  await client.query(`create unlogged table ${name} with (autovacuum_enabled = off) as ${emptyRows(shape, "")}`);
}

/** The stage of a SQL model: a temporary table that ends with the transaction. */
export async function createQueryStage(client: DatabaseClient, shape: TableShape): Promise<Stage> {
  // Temporary tables are found before those of the project: no table of a person may have this name.
  const name = quoteName(`millrace_query_${sha256(shape.name).slice(0, 12)}`);
  await client.query(`create temp table ${name} on commit drop as ${emptyRows(shape, "")}`);
  return tableStage(`pg_temp.${name}`);
}

/** The stage of a table model as the statements that apply it see it. */
export function tableStage(name: string): Stage {
  return { name, unit: "''::text" };
}

/** Settles how the transaction joins many staged rows, which are wide and of which nothing is known yet. */
export async function prepareLargeStage(
  client: DatabaseClient,
  stage: Stage,
  columns: readonly string[],
): Promise<void> {
  // With the usual 4 MB both sides of every join would go through files.
  await client.query("set local work_mem = '64MB'");
  // Autovacuum does not see temporary tables or rows of this transaction; rough statistics are enough.
  await client.query("set local default_statistics_target = 10");
  await client.query(`analyze ${stage.name} (${columns.map(quoteName).join(", ")})`);
}

// Taking the types from the table itself means that staged and stored values compare without a cast.
function emptyRows(shape: TableShape, more: string): string {
  const written = new Set(writtenColumns(shape).map((column) => column.name));
  const columns = lineColumns(shape).map((name) =>
    written.has(name) ? quoteName(name) : `false as ${quoteName(name)}`,
  );
  return `select ${columns.join(", ")}${more} from ${quoteName(shape.name)} with no data`;
}
