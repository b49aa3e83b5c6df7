import { copyLines } from "../database/bulk-write.ts";
import { type DatabaseClient, quoteName } from "../database/connect.ts";
import {
  applyRows,
  deleteRetried,
  type RowCounts,
  type UnitKeys,
  type WriteStrategy,
  writtenBy,
} from "./apply-stage.ts";
import { copyField } from "./clean-text.ts";
import { DuplicateKeyError, type KeyConflict } from "./duplicate-key-error.ts";
import { createUnitStage, prepareLargeStage, UNIT_COLUMN, unitStage } from "./stage.ts";
import { findRepeatedKeys, findTakenKeys, hasWrittenKey } from "./stage-conflicts.ts";
import type { TableShape } from "./table-shape.ts";
import { lineColumns, writtenColumns } from "./written-columns.ts";

export type { RowCounts, WriteStrategy } from "./apply-stage.ts";
export { DuplicateKeyError, type KeyConflict } from "./duplicate-key-error.ts";

/** An encoded row and the unit that writes it. */
export interface StagedRow {
  readonly sourceKey: string;
  readonly line: string;
}

const LARGE = 1_000;

/** Puts the rows of units into the connection's stage, which lasts until the transaction ends. */
export async function stageUnits(
  client: DatabaseClient,
  { shape, rows }: { readonly shape: TableShape; readonly rows: Iterable<StagedRow> },
): Promise<void> {
  const stage = await createUnitStage(client, shape);
  const staged = await copyLines(client, {
    into: stage.name,
    columns: [...lineColumns(shape), UNIT_COLUMN],
    lines: unitLines(rows),
  });
  if (staged > LARGE)
    await prepareLargeStage(client, stage, [UNIT_COLUMN, ...(hasWrittenKey(shape) ? shape.primaryKey : [])]);
}

function* unitLines(rows: Iterable<StagedRow>, owner = ""): Generator<string> {
  let lastKey: string | undefined;
  let field = "";
  for (const { sourceKey, line } of rows) {
    if (sourceKey !== lastKey) {
      lastKey = sourceKey;
      field = `${owner}\t${copyField(sourceKey)}`;
    }
    yield line + field;
  }
}

export interface UnitBatch {
  readonly shape: TableShape;
  readonly strategy: WriteStrategy;
  /** Every unit of the batch, those without rows too. */
  readonly unitKeys: UnitKeys;
  readonly modelName: string;
  /** Rows of this run do not stand in the way of an append of the same run. */
  readonly runId?: string | undefined;
}

/** Staged rows whose key is staged twice or belongs to a unit outside the batch. Writes nothing. */
export async function findConflicts(
  client: DatabaseClient,
  { shape, strategy, unitKeys, modelName, runId }: UnitBatch,
): Promise<KeyConflict[]> {
  if (!hasWrittenKey(shape)) return [];
  const stage = unitStage(shape);
  const repeated = await findRepeatedKeys(client, { shape, stage });
  if (strategy === "merge") return repeated;
  const isRetry = strategy === "append" && runId !== undefined;
  const { isOwn: isOfUnits, parameters: given } = writtenBy(modelName, unitKeys);
  const isOwn = isRetry ? `${isOfUnits} and t.workflow_id = $${given.length + 1}` : isOfUnits;
  const parameters = isRetry ? [...given, runId] : given;
  return [...repeated, ...(await findTakenKeys(client, { shape, stage, isOwn, parameters }))];
}

/** Takes units out of the stage again, so that the others can be written. */
export async function unstageUnits(
  client: DatabaseClient,
  { shape, unitKeys }: { readonly shape: TableShape; readonly unitKeys: readonly string[] },
): Promise<void> {
  await client.query(`delete from ${unitStage(shape).name} where ${UNIT_COLUMN} = any($1)`, [unitKeys]);
}

export interface ApplyUnitsOptions extends UnitBatch {
  readonly runId: string;
  /** The caller has asked `findConflicts` and taken out the units it named; asking twice costs two joins. */
  readonly isChecked?: boolean | undefined;
}

/** Makes what the units wrote before exactly what is staged (`replace`), or merges or appends it. */
export async function applyUnits(client: DatabaseClient, options: ApplyUnitsOptions): Promise<RowCounts> {
  if (options.isChecked !== true) {
    const conflicts = await findConflicts(client, options);
    if (conflicts.length > 0) throw new DuplicateKeyError(options.shape.name, conflicts);
  }
  return applyRows(client, { ...options, stage: unitStage(options.shape) });
}

/** True when appended rows cannot stand in each other's way and need nothing from the stage: `appendUnits` will do. */
export function canAppendDirectly(shape: TableShape): boolean {
  return !hasWrittenKey(shape) && writtenColumns(shape).every((column) => column.databaseDefault === undefined);
}

export interface AppendUnitsOptions {
  readonly shape: TableShape;
  readonly rows: Iterable<StagedRow>;
  readonly unitKeys: readonly string[];
  readonly runId: string;
  readonly modelName: string;
}

/** Appends without a stage, in two thirds of the time; rows of the same run and units go first, as in `applyUnits`. */
export async function appendUnits(
  client: DatabaseClient,
  { shape, rows, unitKeys, runId, modelName }: AppendUnitsOptions,
): Promise<RowCounts> {
  await deleteRetried(client, { shape, unitKeys, runId, modelName });
  const owner = `\t${copyField(runId)}\t${copyField(modelName)}`;
  const columns = [...lineColumns(shape), "workflow_id", "model_name", "source_key"];
  const rowsWritten = await copyLines(client, { into: quoteName(shape.name), columns, lines: unitLines(rows, owner) });
  return { rowsWritten, rowsDeleted: 0, rowsUnchanged: 0 };
}

/** Deletes what units wrote; returns how many rows that were. */
export async function deleteUnits(
  client: DatabaseClient,
  {
    shape,
    modelName,
    unitKeys,
  }: { readonly shape: TableShape; readonly modelName: string; readonly unitKeys: readonly string[] },
): Promise<number> {
  const { rowCount } = await client.query(
    `delete from ${quoteName(shape.name)} where model_name = $1 and source_key = any($2)`,
    [modelName, unitKeys],
  );
  return rowCount ?? 0;
}
