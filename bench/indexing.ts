// The example's whole pipeline, offline: a first run over made-up documents of about ten entity mentions each, then a
// run that finds 50 more. What the second takes should depend on the 50, not on what was there.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openProject } from "millrace";
import { withBenchDatabase } from "./bench-database.ts";
import { measure, printTable } from "./measure.ts";

const SIZES = (process.env["BENCH_DOCUMENTS"] ?? "500,5000").split(",").map(Number);
const ADDED = 50;
const SYLLABLES = ["ba", "ko", "mi", "ru", "ve", "sol", "tan", "dor", "gel", "fi", "ner", "lu"];
const MODELS = join(process.cwd(), "examples/indexing/models");

const results: string[][] = [];
for (const size of SIZES) results.push(await benchmark(size));
printTable(
  "Indexing: documents of about ten mentions",
  ["documents", "mentions", "entities", "first run, s", `${ADDED} added, s`, "nothing changed, s", "peak RSS, MB"],
  results,
);

async function benchmark(size: number): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  try {
    return await withBenchDatabase(async (database) => {
      await writeDocuments(directory, 0, size);
      await using project = await openProject({
        directory,
        database: database.url,
        models: MODELS,
        documents: ["./docs"],
      });
      let peak = 0;
      const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
      const run = () => measure(async () => check(await project.runPipeline("indexing")));
      const first = await run();
      await database.query("vacuum analyze");
      const [counts] = await database.query<{ mentions: number; entities: number }>(
        `select (select count(*)::int from indexing_entity_mentions) as mentions, (select count(*)::int from entities) as entities`,
      );
      await writeDocuments(directory, size, size + ADDED);
      const added = await run();
      const idle = await run();
      clearInterval(watch);
      return [
        size.toLocaleString("en-US"),
        (counts?.mentions ?? 0).toLocaleString("en-US"),
        (counts?.entities ?? 0).toLocaleString("en-US"),
        (first.ms / 1_000).toFixed(1),
        (added.ms / 1_000).toFixed(1),
        (idle.ms / 1_000).toFixed(1),
        (peak / 2 ** 20).toFixed(0),
      ];
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function check({ status, errors }: { readonly status: string; readonly errors: object }): void {
  if (status !== "succeeded") throw new Error(`The run ended ${status}: ${JSON.stringify(errors)}`);
}

async function writeDocuments(directory: string, from: number, to: number): Promise<void> {
  await mkdir(join(directory, "docs"), { recursive: true });
  for (let number = from; number < to; number += 1)
    await writeFile(join(directory, "docs", `port-${number}.md`), createDocument(number));
}

/** Names that everybody uses, names that few use, and one of its own; headings are names too. */
function createDocument(number: number): string {
  const [common, rare, own] = [name(number % 40), name(1_000 + (number % 900)), name(10_000 + number)];
  const other = name((number * 7) % 40);
  const third = name(40 + ((number * 11) % 40));
  const filler = (part: number) =>
    [1, 2, 3, 4, 5].map((place) => word(number * 31 + part * 977 + place * 131)).join(" ");
  return [
    `# ${rare} in practice`,
    `We run ${own} and ${common}. Since May ${common} uses Postgres for ${filler(3)}. Today ${own} depends on ${other} for ${filler(0)}.`,
    `## Working with ${other}`,
    `The crews say that ${rare} integrates with ${own} for ${filler(1)}. Here ${other} cannot replace ${rare} for ${filler(2)}.`,
    "## When it fails",
    `The crews say that ${third} depends on ${common} for ${filler(4)}. Since June ${rare} uses Redis for ${filler(5)}.`,
    "",
  ].join("\n\n");
}

function name(number: number): string {
  const text = word(number);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} ${["Relay", "Ledger", "Planner"][number % 3] ?? ""}`;
}

function word(number: number): string {
  const syllable = (power: number) =>
    SYLLABLES[Math.floor(number / SYLLABLES.length ** power) % SYLLABLES.length] ?? "";
  return `${syllable(0)}${syllable(1)}${syllable(2)}${syllable(3)}x`;
}
