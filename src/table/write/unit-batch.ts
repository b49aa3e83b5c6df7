import { copyLines } from "../../database/bulk-write.ts";
import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import type { Parameters } from "../../database/sql-text.ts";
import { applyStage, type RowCounts, type UnitKeys, type WriteStrategy, writtenBySql } from "./apply-stage.ts";
import { copyField } from "../encode/clean-text.ts";
import { DuplicateKeyError, type KeyConflict } from "./duplicate-key-error.ts";
import { createUnitStage, prepareLargeStage, UNIT_COLUMN, unitStage } from "./stage.ts";
import { findRepeatedKeys, findTakenKeys, hasWrittenKey } from "./stage-conflicts.ts";
import type { TableShape } from "../table-shape.ts";
import { lineColumns } from "../encode/written-columns.ts";

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

/** Lines that end in `owner` and the name of their unit. */
export function* unitLines(rows: Iterable<StagedRow>, owner = ""): Generator<string> {
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
  /** Rows of this run do not block an append of the same run. */
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
  const isOwn = (parameters: Parameters): string => {
    const isOfUnits = writtenBySql({ modelName, unitKeys }, parameters);
    return strategy === "append" && runId !== undefined
      ? `${isOfUnits} and t.workflow_id = ${parameters.add(runId)}`
      : isOfUnits;
  };
  return [...repeated, ...(await findTakenKeys(client, { shape, stage, isOwn }))];
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
  return applyStage(client, { ...options, stage: unitStage(options.shape) });
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
