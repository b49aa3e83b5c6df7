import { MillraceError } from "../../core/errors.ts";
import { type Database, type DatabaseClient, quoteName } from "../../database/connect.ts";
import { applyStage, type RowCounts, type WriteStrategy } from "./apply-stage.ts";
import { DuplicateKeyError } from "./duplicate-key-error.ts";
import { createRowEncoder, type RowEncoder } from "../encode/row-encoder.ts";
import { StageCopy } from "./stage-copy.ts";
import { createTableStage, prepareLargeStage, tableStage } from "./stage.ts";
import type { Parameters } from "../../database/sql-text.ts";
import { findRepeatedKeys, findTakenKeys, hasWrittenKey } from "./stage-conflicts.ts";
import type { TableShape } from "../table-shape.ts";
import { lineColumns } from "../encode/written-columns.ts";

// Rows are encoded for this long before the event loop gets its turn, however large or slow to come they are.
const TURN_MS = 10;
const MAX_CONFLICTS = 100;

/** Counts, never rows: what a model returns of its writing. */
export interface WriterReceipt {
  readonly rowsWritten: number;
}

export interface TableWriterOptions {
  readonly database: Database;
  readonly shape: TableShape;
  /** Name of the stage table in the system schema; nobody else uses it. */
  readonly stage: string;
}

/** Takes the rows of a table model into a stage. They become the table's with `applyWrittenRows`, all at once. */
export class TableWriter<NewRow = Record<string, unknown>> {
  readonly shape: TableShape;
  /** SQL text of the stage's name. */
  readonly stageName: string;
  readonly #encoder: RowEncoder;
  readonly #writing = new Set<Promise<WriterReceipt>>();
  readonly #stage: StageCopy;
  #turnEnds = 0;
  #isClosed = false;
  #rows = 0;
  #nulCharacters = 0;

  constructor({ database, shape, stage }: TableWriterOptions) {
    this.#encoder = createRowEncoder(shape);
    this.shape = shape;
    this.stageName = `${database.systemSchema}.${quoteName(stage)}`;
    this.#stage = new StageCopy({
      database,
      target: { into: this.stageName, columns: lineColumns(shape) },
      create: (client) => createTableStage(client, shape, this.stageName),
    });
  }

  /** How many U+0000 were removed from texts so far. */
  get nulCharacters(): number {
    return this.#nulCharacters;
  }

  /** False while no row has reached the database; the stage is made with the first. */
  get hasStage(): boolean {
    return this.#stage.hasStage;
  }

  /** Writes one row or many; resolves with the number of rows of this call when more can be taken. */
  async write(rows: NewRow | Iterable<NewRow> | AsyncIterable<NewRow>): Promise<WriterReceipt> {
    const writing = this.#writeAll(rows);
    this.#writing.add(writing);
    try {
      return await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  /** Rows written so far. */
  receipt(): WriterReceipt {
    return { rowsWritten: this.#rows };
  }

  /** Waits until every row is in the stage; nothing can be written afterwards. */
  async close(): Promise<void> {
    await Promise.all(this.#writing);
    this.#isClosed = true;
    await this.#stage.finish();
  }

  /** Accepts no more rows and drops those in transit; pending writes fail with the error. */
  async abort(error: unknown): Promise<void> {
    this.#isClosed = true;
    await this.#stage.abort(error);
  }

  async #writeAll(rows: unknown): Promise<WriterReceipt> {
    const before = this.#rows;
    let rowsWritten = 0;
    if (isObject(rows) && Symbol.asyncIterator in rows) {
      for await (const row of rows as AsyncIterable<unknown>) {
        this.#add(row);
        rowsWritten += 1;
        if (this.#mustWait()) await this.#makeRoom();
      }
    } else if (isObject(rows) && Symbol.iterator in rows) {
      for (const row of rows as Iterable<unknown>) {
        this.#add(row);
        rowsWritten += 1;
        if (this.#mustWait()) await this.#makeRoom();
      }
    } else {
      this.#add(rows);
      rowsWritten = this.#rows - before;
      if (this.#mustWait()) await this.#makeRoom();
    }
    return { rowsWritten };
  }

  #add(row: unknown): void {
    if (this.#isClosed) {
      throw new MillraceError(
        "WRITER_CLOSED",
        `A row was written to table "${this.shape.name}" after its model had finished.`,
        {
          hint: "Await every write before the model returns.",
        },
      );
    }
    const { line, nulCharacters } = this.#encoder.encode(row);
    this.#stage.add(line);
    this.#nulCharacters += nulCharacters;
    this.#rows += 1;
  }

  #mustWait(): boolean {
    return this.#stage.isFull || performance.now() >= this.#turnEnds;
  }

  async #makeRoom(): Promise<void> {
    await this.#stage.makeRoom();
    await new Promise((resolve) => setImmediate(resolve));
    this.#turnEnds = performance.now() + TURN_MS;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export interface ApplyStageOptions {
  /** A closed writer. */
  readonly writer: TableWriter<never>;
  readonly strategy: WriteStrategy;
  readonly runId: string;
  readonly modelName: string;
}

/** Makes what a writer took the table's rows and drops the stage, inside the caller's transaction. */
export async function applyWrittenRows(
  client: DatabaseClient,
  { writer, strategy, runId, modelName }: ApplyStageOptions,
): Promise<RowCounts> {
  const { shape, stageName } = writer;
  if (!writer.hasStage) return applyNothing(client, { writer, strategy, runId, modelName });
  const stage = tableStage(stageName);
  if (hasWrittenKey(shape)) {
    await prepareLargeStage(client, stage, shape.primaryKey);
    const conflicts = await findRepeatedKeys(client, { shape, stage, most: MAX_CONFLICTS });
    if (strategy === "append") {
      const isOwn = (parameters: Parameters) =>
        `t.model_name = ${parameters.add(modelName)} and t.workflow_id = ${parameters.add(runId)}`;
      conflicts.push(...(await findTakenKeys(client, { shape, stage, isOwn, most: MAX_CONFLICTS })));
    }
    if (conflicts.length > 0) throw new DuplicateKeyError(shape.name, conflicts);
  }
  const counts = await applyStage(client, { shape, stage, strategy, runId, modelName });
  await client.query(`drop table ${stageName}`);
  return counts;
}

// Without a single row there is no stage, and nothing to compare.
async function applyNothing(
  client: DatabaseClient,
  { writer, strategy, runId, modelName }: ApplyStageOptions,
): Promise<RowCounts> {
  const table = quoteName(writer.shape.name);
  const rowsDeleted =
    strategy === "merge"
      ? 0
      : strategy === "replace"
        ? (await client.query(`delete from ${table}`)).rowCount
        : (await client.query(`delete from ${table} where model_name = $1 and workflow_id = $2`, [modelName, runId]))
            .rowCount;
  return { rowsWritten: 0, rowsDeleted: rowsDeleted ?? 0, rowsUnchanged: 0 };
}

/** Drops the stages whose name starts with `prefix`: those of attempts that did not come to their end. */
export async function dropStages(database: Database, { prefix }: { readonly prefix: string }): Promise<void> {
  const stages = await database.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = to_regnamespace($1) and relkind = 'r' and starts_with(relname, $2)",
    [database.systemSchema, prefix],
  );
  for (const { name } of stages)
    await database.query(`drop table if exists ${database.systemSchema}.${quoteName(name)}`);
}
