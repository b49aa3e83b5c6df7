import { copyLines } from "../../database/bulk-write.ts";
import { type DatabaseClient, quoteName } from "../../database/connect.ts";
import { Parameters } from "../../database/sql-text.ts";
import { type StagedRow, unitLines } from "./unit-batch.ts";
import { deleteRetried, type RowCounts, type WriteStrategy, writtenBySql } from "./apply-stage.ts";
import { copyField } from "../encode/clean-text.ts";
import type { TableShape } from "../table-shape.ts";
import { lineColumns, writtenColumns } from "../encode/written-columns.ts";

export interface CopyUnitsOptions {
  readonly shape: TableShape;
  readonly strategy: WriteStrategy;
  readonly rows: Iterable<StagedRow>;
  readonly unitKeys: readonly string[];
  readonly runId: string;
  readonly modelName: string;
}

/**
 * Writes units that have nothing in the table yet straight into it, in little more than half the time that a stage
 * takes. Undefined when a stage is needed: a unit has rows to compare, or a key is taken. Nothing has
 * been written then, and the transaction goes on.
 */
export async function copyUnits(client: DatabaseClient, options: CopyUnitsOptions): Promise<RowCounts | undefined> {
  const { shape, strategy, rows, runId, modelName } = options;
  if (!canCopy(shape, strategy)) return undefined;
  if (strategy === "append") await deleteRetried(client, options);
  else if (await haveRows(client, options)) return undefined;
  await client.query("savepoint copy_units");
  try {
    const owner = `\t${copyField(runId)}\t${copyField(modelName)}`;
    const columns = [...lineColumns(shape), "workflow_id", "model_name", "source_key"];
    const lines = unitLines(rows, owner);
    const rowsWritten = await copyLines(client, { into: quoteName(shape.name), columns, lines });
    return { rowsWritten, rowsDeleted: 0, rowsUnchanged: 0 };
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
    await client.query("rollback to savepoint copy_units");
    return undefined;
  }
}

const UNIQUE_VIOLATION = "23505";

// Merged rows may belong to any unit, and values that the database fills in are not in the copied lines.
function canCopy(shape: TableShape, strategy: WriteStrategy): boolean {
  return strategy !== "merge" && writtenColumns(shape).every((column) => column.databaseDefault === undefined);
}

async function haveRows(client: DatabaseClient, options: CopyUnitsOptions): Promise<boolean> {
  const parameters = new Parameters();
  const isOwn = writtenBySql(options, parameters);
  const table = quoteName(options.shape.name);
  const { rowCount } = await client.query(`select from ${table} t where ${isOwn} limit 1`, parameters.values);
  return rowCount !== 0;
}
