import { withBenchDatabase } from "./bench-database.ts";
import { measure, printTable } from "./measure.ts";
import { decodeByName } from "../src/table/read/decode-row.ts";
import { TableReader } from "../src/table/read/table-reader.ts";

const ROWS = Number(process.env["BENCH_READ_ROWS"] ?? 1_000_000);

await withBenchDatabase(async (database) => {
  await database.query(
    `create table bench_read as select 'document-' || g / 100 as document_id, g as id, repeat('The quick brown fox. ', 25) || g as content,
       jsonb_build_object('title', 'Section ' || g, 'tags', array['alpha', 'beta'], 'score', g / 7.0) as metadata, now() as seen_at
     from generate_series(1, ${ROWS}) g`,
  );
  const query = { text: "select * from bench_read", parameters: [] };
  const reader = new TableReader({ database, query, decode: decodeByName, reader: "bench" });
  let rows = 0;
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  const sample = await measure(async () => {
    for await (const row of reader) if (row["id"] !== undefined) rows += 1;
  });
  clearInterval(watch);
  printTable(
    `Streaming ${rows.toLocaleString("en-US")} rows of 0.7 kB`,
    ["ms", "rows/s", "peak RSS, MB", "longest block, ms"],
    [
      [
        sample.ms.toFixed(0),
        Math.round((rows / sample.ms) * 1_000).toLocaleString("en-US"),
        (peak / 2 ** 20).toFixed(0),
        sample.blockMs.toFixed(0),
      ],
    ],
  );
});
