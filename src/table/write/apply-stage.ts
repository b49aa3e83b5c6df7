import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import { Parameters } from "../../database/sql-text.ts";
import { hasWrittenKey, sameKey } from "./stage-conflicts.ts";
import type { Stage } from "./stage.ts";
import type { TableShape } from "../table-shape.ts";
import { type WrittenColumn, writtenColumns } from "../encode/written-columns.ts";

/** What a write does with rows that are already there. */
export type WriteStrategy = "replace" | "merge" | "append";

/** What a write did: inserted and updated rows, deleted rows, rows that were equal and stayed untouched. */
export interface RowCounts {
  readonly rowsWritten: number;
  readonly rowsDeleted: number;
  readonly rowsUnchanged: number;
}

export interface ApplyOptions {
  readonly shape: TableShape;
  readonly stage: Stage;
  readonly strategy: WriteStrategy;
  readonly runId: string;
  readonly modelName: string;
  /** The units the stage speaks for; undefined when it speaks for the whole table. */
  readonly unitKeys?: UnitKeys | undefined;
}

/** Names of units, or SQL of a relation that has them as `source_key`. */
export type UnitKeys = readonly string[] | { readonly relation: string };

/** SQL that is true for rows `t` that these units wrote. */
export function writtenBySql(
  { modelName, unitKeys }: Pick<ApplyOptions, "modelName" | "unitKeys">,
  parameters: Parameters,
): string {
  if (unitKeys === undefined) return "true";
  const isListed =
    "relation" in unitKeys
      ? `exists (select from ${unitKeys.relation} listed where listed.source_key = t.source_key)`
      : `t.source_key = any(${parameters.add(unitKeys)})`;
  return `t.model_name = ${parameters.add(modelName)} and ${isListed}`;
}

/** Makes the staged rows the table's own, inside the caller's transaction. Conflicts are the caller's to find. */
export async function applyStage(client: DatabaseClient, options: ApplyOptions): Promise<RowCounts> {
  const { shape, strategy } = options;
  if (strategy === "append") return appendRows(client, options);
  const { staged, isLarge } = await measureStage(client, options);
  if (strategy === "replace" && !(await hasKeys(client, options))) return replaceWithoutKey(client, options, staged);
  const rowsDeleted = strategy === "replace" ? await withoutNestedLoops(client, () => deleteGone(client, options)) : 0;
  const isMissing = `not exists (select 1 from ${quoteName(shape.name)} t where ${sameKey(shape, "t", "s")})`;
  const write = async (): Promise<number> =>
    (await updateDifferent(client, options)) + (await insertMissing(client, options, isMissing));
  const rowsWritten = isLarge ? await withoutNestedLoops(client, write) : await write();
  return { rowsWritten, rowsDeleted, rowsUnchanged: staged - rowsWritten };
}

const LARGE_ROWS = 1_000;
const LARGE_TABLE_RATIO = 20;

async function measureStage(
  client: DatabaseClient,
  { shape, stage }: ApplyOptions,
): Promise<{ staged: number; isLarge: boolean }> {
  const { rows } = await client.query<{ count: string; stage_bytes: string; table_bytes: string }>(
    `select count(*), pg_relation_size('${quoteText(stage.name)}') as stage_bytes, pg_relation_size('${quoteText(quoteName(shape.name))}') as table_bytes from ${stage.name}`,
  );
  const [{ count, stage_bytes, table_bytes } = { count: 0, stage_bytes: 0, table_bytes: 0 }] = rows;
  return {
    staged: Number(count),
    isLarge: Number(count) > LARGE_ROWS && Number(table_bytes) < LARGE_TABLE_RATIO * Number(stage_bytes),
  };
}

// The planner takes a unit for a handful of rows, and an empty table for one that stays empty while rows are inserted;
// a nested loop would then read the stage, or the growing table, once for each row.
async function withoutNestedLoops<Result>(client: DatabaseClient, work: () => Promise<Result>): Promise<Result> {
  await client.query("set local enable_nestloop = off");
  const result = await work();
  await client.query("set local enable_nestloop = default");
  return result;
}

const quoteText = (text: string) => text.replaceAll("'", "''");

async function hasKeys(client: DatabaseClient, { shape, stage }: ApplyOptions): Promise<boolean> {
  if (!hasWrittenKey(shape)) return false;
  const optional = writtenColumns(shape).filter(
    (column) => shape.primaryKey.includes(column.name) && column.databaseDefault !== undefined,
  );
  if (optional.length === 0) return true;
  const isMissing = optional.map((column) => `${quoteName(column.name)} is null`).join(" or ");
  const { rows } = await client.query<{ missing: boolean }>(
    `select exists (select 1 from ${stage.name} where ${isMissing}) as missing`,
  );
  return rows[0]?.missing !== true;
}

async function appendRows(client: DatabaseClient, options: ApplyOptions): Promise<RowCounts> {
  await deleteRetried(client, options);
  return { rowsWritten: await insertMissing(client, options, "true"), rowsDeleted: 0, rowsUnchanged: 0 };
}

/** A retry or resume of the same run starts over: its rows must not be there twice. */
export async function deleteRetried(
  client: DatabaseClient,
  { shape, runId, modelName, unitKeys }: Pick<ApplyOptions, "shape" | "runId" | "modelName" | "unitKeys">,
): Promise<void> {
  const parameters = new Parameters();
  const isOwn = writtenBySql({ modelName, unitKeys }, parameters);
  await client.query(
    `delete from ${quoteName(shape.name)} t
     where ${isOwn} and t.workflow_id = ${parameters.add(runId)} and t.model_name = ${parameters.add(modelName)}`,
    parameters.values,
  );
}

async function deleteGone(
  client: DatabaseClient,
  { shape, stage, modelName, unitKeys }: ApplyOptions,
): Promise<number> {
  const parameters = new Parameters();
  const isOwn = writtenBySql({ modelName, unitKeys }, parameters);
  const { rowCount } = await client.query(
    `delete from ${quoteName(shape.name)} t where ${isOwn} and not exists (select 1 from ${stage.name} s where ${sameKey(shape, "t", "s")})`,
    parameters.values,
  );
  return rowCount ?? 0;
}

async function updateDifferent(
  client: DatabaseClient,
  { shape, stage, strategy, runId, modelName }: ApplyOptions,
): Promise<number> {
  const columns = writtenColumns(shape).filter((column) => !shape.primaryKey.includes(column.name));
  const values = columns.map((column) => ({
    name: quoteName(column.name),
    value: givenOr(column, `t.${quoteName(column.name)}`),
  }));
  // A merged row may come from several units in turn; that alone is no change.
  const compared = strategy === "merge" ? values : [...values, { name: "source_key", value: stage.unit }];
  const before = compared.map(({ name }) => `t.${name}`).join(", ");
  const after = compared.map(({ value }) => value).join(", ");
  const sets = values.map(({ name, value }) => `${name} = ${value}, `).join("");
  // The image operator sees what "is distinct from" does not (1.0 and 1.00, 0 and -0), takes json, and is cheaper.
  const parameters = new Parameters();
  const { rowCount } = await client.query(
    `update ${quoteName(shape.name)} t set ${sets}source_key = ${stage.unit}, updated_at = now(),
       model_name = ${parameters.add(modelName)}, workflow_id = ${parameters.add(runId)}
     from ${stage.name} s where ${sameKey(shape, "t", "s")} and row(${before})::record operator(pg_catalog.*<>) row(${after})::record`,
    parameters.values,
  );
  return rowCount ?? 0;
}

async function insertMissing(
  client: DatabaseClient,
  { shape, stage, runId, modelName }: ApplyOptions,
  condition: string,
  parameters = new Parameters(),
): Promise<number> {
  const columns = writtenColumns(shape);
  const values = columns.map((column) => givenOr(column, column.databaseDefault ?? "null"));
  const { rowCount } = await client.query(
    `insert into ${quoteName(shape.name)} (${columns.map((column) => quoteName(column.name)).join(", ")}, workflow_id, model_name, source_key)
     select ${values.join(", ")}, ${parameters.add(runId)}, ${parameters.add(modelName)}, ${stage.unit} from ${stage.name} s where ${condition}`,
    parameters.values,
  );
  return rowCount ?? 0;
}

/** SQL of a staged value, or of its substitute if the row gave none. */
function givenOr({ name, databaseDefault, givenColumn }: WrittenColumn, otherwise: string): string {
  const staged = `s.${quoteName(name)}`;
  if (databaseDefault === undefined) return staged;
  if (givenColumn === undefined) return `coalesce(${staged}, ${otherwise})`;
  return `case when s.${quoteName(givenColumn)} then ${staged} else ${otherwise} end`;
}

// Without a key, old and new rows cannot be matched: a unit whose rows differ in any way is rewritten.
async function replaceWithoutKey(client: DatabaseClient, options: ApplyOptions, staged: number): Promise<RowCounts> {
  const { shape, stage, modelName, unitKeys } = options;
  const values = (await comparedColumns(client, options)).map((column) => column.name);
  const digest = (row: string) =>
    `count(*), sum(hashtextextended(${row}, 1)::numeric), sum(hashtextextended(${row}, 2)::numeric)`;
  const text = (alias: string) => `row(${values.map((name) => `${alias}.${quoteName(name)}`).join(", ")})::text`;
  const parameters = new Parameters();
  const isOwn = writtenBySql({ modelName, unitKeys }, parameters);
  const unit = unitKeys === undefined ? "''::text" : "t.source_key";
  const { rows } = await client.query<{ unit: string }>(
    `with old(unit, n, a, b) as (select ${unit}, ${digest(text("t"))} from ${quoteName(shape.name)} t where ${isOwn} group by 1),
          new(unit, n, a, b) as (select ${stage.unit}, ${digest(text("s"))} from ${stage.name} s group by 1)
     select unit from old full join new using (unit) where (old.n, old.a, old.b) is distinct from (new.n, new.a, new.b)`,
    parameters.values,
  );
  const changed = rows.map((row) => row.unit);
  if (changed.length === 0) return { rowsWritten: 0, rowsDeleted: 0, rowsUnchanged: staged };
  const before = new Parameters();
  const isOld = writtenBySql({ modelName, unitKeys: unitKeys === undefined ? undefined : changed }, before);
  const deleted = await client.query(`delete from ${quoteName(shape.name)} t where ${isOld}`, before.values);
  const inserted = new Parameters();
  const isChanged = `${stage.unit} = any(${inserted.add(changed)})`;
  const rowsWritten = await insertMissing(client, options, isChanged, inserted);
  return { rowsWritten, rowsDeleted: deleted.rowCount ?? 0, rowsUnchanged: staged - rowsWritten };
}

// What the database fills in differs at every write; such a column counts only when the rows give it a value.
async function comparedColumns(
  client: DatabaseClient,
  { shape, stage }: ApplyOptions,
): Promise<readonly WrittenColumn[]> {
  const columns = writtenColumns(shape);
  const optional = columns.filter((column) => column.databaseDefault !== undefined);
  if (optional.length === 0) return columns;
  const list = optional.map((column) => `bool_or(${quoteName(column.name)} is not null)`);
  const { rows } = await client.query<(boolean | null)[]>({
    text: `select ${list.join(", ")} from ${stage.name}`,
    rowMode: "array",
  });
  const isGiven = new Map(optional.map((column, index) => [column, rows[0]?.[index] === true]));
  return columns.filter((column) => isGiven.get(column) ?? true);
}
