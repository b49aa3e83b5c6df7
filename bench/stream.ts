// What it takes in memory to send many rows through models: 0.7 kB each, from one table into another.
import { defineModel, openProject, ref } from "millrace";
import { bigint, integer, pipelineTable, text } from "millrace/schema";
import { withBenchDatabase } from "./bench-database.ts";
import { measure, printTable } from "./measure.ts";

const ROWS = Number(process.env["BENCH_STREAM_ROWS"] ?? 1_000_000);
const SUM_OF = 1_000;

const sums = defineModel({
  name: "bench.sums",
  table: pipelineTable("bench_sums", {
    upTo: integer().primaryKey(),
    characters: bigint({ mode: "number" }).notNull(),
  }),
  sources: { rows: ref("bench_stream") },
  async run({ sources, writer }) {
    let rows = 0;
    let characters = 0;
    for await (const { content } of sources.rows) {
      characters += String(content).length;
      rows += 1;
      if (rows % SUM_OF === 0) await writer.write({ upTo: rows, characters });
    }
    return writer.receipt();
  },
});

const copies = defineModel({
  name: "bench.copies",
  table: pipelineTable("bench_copies", { id: integer().primaryKey(), content: text().notNull() }),
  sources: { rows: ref("bench_stream") },
  async run({ sources, writer }) {
    for await (const { id, content } of sources.rows)
      await writer.write({ id: Number(id), content: `${String(content)}!` });
    return writer.receipt();
  },
});

const lengths = defineModel({
  name: "bench.lengths",
  table: pipelineTable("bench_lengths", { id: integer().primaryKey(), characters: integer().notNull() }),
  sources: { rows: ref("bench_stream") },
  forEach: "rows",
  async run({ row }) {
    return { id: Number(row["id"]), characters: String(row["content"]).length };
  },
});

const cases = [
  ["table model, one row for 1,000", sums],
  ["table model, row by row", copies],
  ["unit model, row by row", lengths],
] as const;

await withBenchDatabase(async (database) => {
  await database.query("create table bench_stream (id integer primary key, content text)");
  await using project = await openProject({ database: database.url, models: cases.map(([, model]) => model) });
  // Loads what a first run loads.
  await project.runPipeline();
  await database.query(
    `insert into bench_stream select g, repeat('The quick brown fox. ', 33) || g from generate_series(1, ${ROWS}) g`,
  );
  await database.query("vacuum analyze bench_stream");
  const results: string[][] = [];
  for (const [what, model] of cases) {
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    const { ms, blockMs } = await measure(async () => {
      const { status } = await project.runPipeline(model.name);
      if (status !== "succeeded") throw new Error(`${model.name}: ${status}`);
    });
    clearInterval(watch);
    results.push([
      what,
      (ms / 1_000).toFixed(1),
      Math.round((ROWS / ms) * 1_000).toLocaleString("en-US"),
      (peak / 2 ** 20).toFixed(0),
      blockMs.toFixed(0),
    ]);
  }
  printTable(
    `${ROWS.toLocaleString("en-US")} rows through models, one model after the other in one process`,
    ["model", "s", "rows/s", "peak RSS, MB", "longest block, ms"],
    results,
  );
});
