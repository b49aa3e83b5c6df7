// What a unit costs beside its own work: rows of 1 kB, a function that does nothing, and runs in which nothing or one
// row has changed. The ledger's share is the very statement that records units, alone.
import { defineModel, openProject, ref } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
import type { Database } from "../src/database/connect.ts";
import { recordDone, type UnitOutcome } from "../src/state/unit-state.ts";
import { withBenchDatabase } from "./bench-database.ts";
import { measure, printTable } from "./measure.ts";

const SIZES = (process.env["BENCH_UNITS"] ?? "100000,1000000").split(",").map(Number);

const model = defineModel({
  name: "bench.units",
  table: pipelineTable("bench_units", { id: integer().primaryKey() }),
  sources: { rows: ref("bench_rows") },
  forEach: "rows",
  async run() {
    return null;
  },
});

const warm = defineModel({
  name: "bench.warm",
  table: pipelineTable("bench_warmed", { id: integer().primaryKey() }),
  sources: { rows: ref("bench_warm") },
  forEach: "rows",
  async run() {
    return null;
  },
});

const results: string[][] = [];
for (const size of SIZES) results.push(await benchmark(size));
printTable(
  "Units: rows of 1 kB, an empty function",
  [
    "units",
    "first run, ms each",
    "of it ledger",
    "nothing changed, s",
    "one changed, s",
    "peak RSS, MB",
    "longest block, ms",
  ],
  results,
);

async function benchmark(size: number): Promise<string[]> {
  return withBenchDatabase(async (database) => {
    await database.query(
      `create table bench_rows as select g as id, repeat('The quick brown fox. ', 48) || g as content from generate_series(1, ${size}) g`,
    );
    await database.query("alter table bench_rows add primary key (id)");
    await database.query("vacuum analyze bench_rows");
    await using project = await openProject({ database: database.url, models: [model, warm] });
    // Loads what a first run loads.
    await database.query("create table bench_warm (id integer primary key)");
    await project.runPipeline("bench.warm");
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
    const first = await measure(() => project.runPipeline("bench.units"));
    await database.query("vacuum analyze");
    const idle = await measure(() => project.runPipeline("bench.units"));
    await database.query("update bench_rows set content = 'other' where id = 1");
    const one = await measure(() => project.runPipeline("bench.units"));
    clearInterval(watch);
    const ledger = await ledgerAlone(database, size);
    return [
      size.toLocaleString("en-US"),
      (first.ms / size).toFixed(3),
      (ledger / size).toFixed(3),
      (idle.ms / 1_000).toFixed(2),
      (one.ms / 1_000).toFixed(2),
      (peak / 2 ** 20).toFixed(0),
      Math.max(first.blockMs, idle.blockMs, one.blockMs).toFixed(0),
    ];
  });
}

async function ledgerAlone(database: Database, size: number): Promise<number> {
  const scope = { system: database.systemSchema, model: "bench.ledger", runId: "bench", fingerprintHash: "bench" };
  const inputHash = Buffer.alloc(32, 1);
  const { ms } = await measure(async () => {
    for (let start = 0; start < size; start += 1_000) {
      const units = Array.from({ length: 1_000 }, (_, index): UnitOutcome => {
        return {
          sourceKey: String(start + index),
          documentId: null,
          inputHash,
          sideHash: null,
          durationMs: 0,
          error: undefined,
        };
      });
      await database.transaction((client) => recordDone(client, scope, units));
    }
  });
  return ms;
}
