import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/node-postgres";
import { type Database, type DatabaseClient, inTransaction } from "../src/database/connect.ts";
import { applyUnits, stageUnits, type StagedRow } from "../src/table/write/unit-batch.ts";
import type { WriteStrategy } from "../src/table/write/apply-stage.ts";
import { copyUnits } from "../src/table/write/copy-units.ts";
import { createRowEncoder } from "../src/table/encode/row-encoder.ts";
import { applySchemaChanges } from "../src/table/schema/schema-change.ts";
import { UNIT_COLUMN, unitStage } from "../src/table/write/stage.ts";
import { describeTable } from "../src/table/table-shape.ts";
import { applyWrittenRows, TableWriter } from "../src/table/write/table-writer.ts";
import { lineColumns } from "../src/table/encode/written-columns.ts";
import { withBenchDatabase } from "./bench-database.ts";
import { benchTable, type BenchUnit, createUnits } from "./bench-rows.ts";
import { measure, median, printTable, rotated, type Sample } from "./measure.ts";
import { Recording, runFloor } from "./psql-floor.ts";

const ROWS = Number(process.env["BENCH_ROWS"] ?? 100_000);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const SLOW_ROWS = 5_000;
const FLOOR = "psql, same statements";
const TABLE_WRITER = "millrace, table writer";

const shape = describeTable(benchTable);
const encoder = createRowEncoder(shape);
const units = createUnits(ROWS, 1);
const changedUnits = createUnits(ROWS, 2);
const unitKeys = units.map((unit) => unit.sourceKey);

function* stagedRows(of: readonly BenchUnit[]): Generator<StagedRow> {
  for (const { sourceKey, rows } of of) for (const row of rows) yield { sourceKey, line: encoder.encode(row).line };
}

async function write(
  client: DatabaseClient,
  of: readonly BenchUnit[],
  strategy: WriteStrategy,
  runId: string,
): Promise<void> {
  const batch = { shape, strategy, unitKeys, runId, modelName: "bench" };
  const copied = await copyUnits(client, { ...batch, rows: stagedRows(of) });
  if (copied === undefined) await writeThroughStage(client, of, strategy, runId);
}

async function writeThroughStage(
  client: DatabaseClient,
  of: readonly BenchUnit[],
  strategy: WriteStrategy,
  runId: string,
): Promise<void> {
  await stageUnits(client, { shape, rows: stagedRows(of) });
  await applyUnits(client, { shape, strategy, unitKeys, runId, modelName: "bench" });
}

interface Case {
  readonly name: string;
  readonly strategy: WriteStrategy;
  /** What stands in the table before. */
  readonly before: readonly BenchUnit[] | undefined;
  readonly rows: readonly BenchUnit[];
}

/** Where lines go, the columns that say whose they are, and what stands there before the unit. */
interface Target {
  readonly into: string;
  readonly owner: readonly string[];
  readonly given: string;
}

const cases: readonly Case[] = [
  { name: "append", strategy: "append", before: undefined, rows: units },
  { name: "replace, first", strategy: "replace", before: undefined, rows: units },
  { name: "replace, equal rows", strategy: "replace", before: units, rows: units },
  { name: "replace, all changed", strategy: "replace", before: units, rows: changedUnits },
  { name: "merge, all changed", strategy: "merge", before: units, rows: changedUnits },
];

await withBenchDatabase(async (database) => {
  await applySchemaChanges(database, [shape]);
  const folder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  try {
    for (const each of cases) await runCase(database, each, folder);
    await runSlowCases(database);
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function runCase(database: Database, { name, strategy, before, rows }: Case, folder: string): Promise<void> {
  const client = await database.connect();
  const prepare = async (technique = "") => {
    await client.query(`truncate ${shape.name}`);
    // Rows of a table model belong to no unit; written by one they would all count as changed.
    if (before !== undefined && technique === TABLE_WRITER) await writeTable(database, before, "append");
    else if (before !== undefined) await inTransaction(client, () => write(client, before, "append", "before"));
    await client.query(`vacuum analyze ${shape.name}`);
    await client.query("checkpoint");
  };

  const record = async (name: string, work: typeof write, { into, owner, given }: Target) => {
    await prepare();
    // A stage of its own session, as psql has it.
    await client.query(`discard temp`);
    const recording = new Recording();
    await inTransaction(client, () => work(recording.watch(client), rows, strategy, "run"));
    const file = join(folder, `${name}.txt`);
    await writeLines(
      file,
      [...stagedRows(rows)].map(({ sourceKey, line }) => `${line}${given}\t${sourceKey}`),
    );
    const copy = { into, columns: [...lineColumns(shape), ...owner], file };
    const script = join(folder, `${name}.sql`);
    return () => runFloor({ url: database.url, client, script, statements: recording.statements, copy });
  };
  const stage: Target = { into: unitStage(shape).name, owner: [UNIT_COLUMN], given: "" };
  const owner = ["workflow_id", "model_name", "source_key"];
  const table: Target = { into: shape.name, owner, given: "\trun\tbench" };
  // Units that are new to a table go straight into it.
  const isDirect = before === undefined;
  const techniques: Record<string, () => Promise<unknown>> = {
    [FLOOR]: await record("same", write, isDirect ? table : stage),
    millrace: () => inTransaction(client, () => write(client, rows, strategy, "run")),
    ...(isDirect ? { "psql, through a stage": await record("stage", writeThroughStage, stage) } : {}),
    [TABLE_WRITER]: () => writeTable(database, rows, strategy),
  };
  const samples = new Map<string, Sample[]>(Object.keys(techniques).map((technique) => [technique, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const technique of rotated(Object.keys(techniques), round)) {
      await prepare(technique);
      samples.get(technique)?.push(await measure(techniques[technique] as () => Promise<unknown>));
    }
  }
  client.release();
  const floorMs = median((samples.get(FLOOR) ?? []).map((sample) => sample.ms));
  printTable(
    `${name}, ${ROWS.toLocaleString("en-US")} rows`,
    ["technique", "ms", "rows/s", "of psql", "longest block, ms"],
    [...samples].map(([technique, all]) => {
      const ms = median(all.map((sample) => sample.ms));
      return [
        technique,
        ms.toFixed(0),
        Math.round((ROWS / ms) * 1_000).toLocaleString("en-US"),
        (floorMs / ms).toFixed(2),
        Math.max(...all.map((sample) => sample.blockMs)).toFixed(0),
      ];
    }),
  );
}

async function writeTable(database: Database, of: readonly BenchUnit[], strategy: WriteStrategy): Promise<void> {
  const writer = new TableWriter<object>({ database, shape, stage: "stage_bench" });
  for (const unit of of) await writer.write(unit.rows);
  await writer.close();
  await database.transaction((client) =>
    applyWrittenRows(client, { writer, strategy, runId: "run", modelName: "bench" }),
  );
}

async function runSlowCases(database: Database): Promise<void> {
  const orm = drizzle({ client: database.pool });
  const rows = units.slice(0, SLOW_ROWS / 100).flatMap((unit) => unit.rows);
  const samples: [string, number][] = [];
  await database.query(`truncate ${shape.name}`);
  const batches = await measure(async () => {
    for (let start = 0; start < rows.length; start += 1_000)
      await orm.insert(benchTable).values(rows.slice(start, start + 1_000));
  });
  samples.push(["drizzle insert, 1,000 rows each", batches.ms]);
  await database.query(`truncate ${shape.name}`);
  const single = await measure(() =>
    orm.transaction(async (transaction) => {
      for (const row of rows) await transaction.insert(benchTable).values(row);
    }),
  );
  samples.push(["drizzle insert, row by row in one transaction", single.ms]);
  printTable(
    `Inserts, ${SLOW_ROWS.toLocaleString("en-US")} rows`,
    ["technique", "ms", "rows/s"],
    samples.map(([technique, ms]) => [
      technique,
      ms.toFixed(0),
      Math.round((rows.length / ms) * 1_000).toLocaleString("en-US"),
    ]),
  );
}

async function writeLines(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, `${lines.join("\n")}\n`);
}
