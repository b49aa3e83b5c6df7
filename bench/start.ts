// What a command costs before it does its work: `millrace run` on the example in a new project, on a server that is up, and
// with nothing to do; `millrace --help`; and `node -e 0`, below which nothing gets.
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resetEmbeddedPostgres } from "../src/database/embedded/embedded-postgres.ts";
import type { RunEvent } from "../src/state/run-events.ts";
import { withBenchDatabase } from "./bench-database.ts";
import { median, printTable } from "./measure.ts";

const ROUNDS = 5;
const root = fileURLToPath(new URL("..", import.meta.url));
const program = join(root, "bin", "millrace.js");

type Milestone = RunEvent["type"] | "first row" | "exit";
/** Milliseconds since the start of the process. */
type Milestones = ReadonlyMap<Milestone, number>;

async function startNode(args: readonly string[], databaseUrl = ""): Promise<Milestones> {
  const times = new Map<Milestone, number>();
  const started = performance.now();
  const reach = (milestone: Milestone) => times.set(milestone, times.get(milestone) ?? performance.now() - started);
  const environment = { ...process.env, DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, args, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  let unfinished = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = `${unfinished}${text}`.split("\n");
    unfinished = lines.pop() ?? "";
    for (const event of lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as RunEvent)) {
      reach(event.type);
      if (event.type === "model_progress" && event.progress.rowsWritten > 0) reach("first row");
    }
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${String(code)}`);
  reach("exit");
  return times;
}

async function withExample<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "millrace-start-"));
  try {
    const isSource = (path: string) => !path.includes(".millrace");
    await cp(join(root, "examples", "indexing"), directory, { recursive: true, filter: isSource });
    // Packages from here, a cache of its own.
    await mkdir(join(directory, "node_modules"));
    for (const name of (await readdir(join(root, "node_modules"))).filter((each) => !each.startsWith(".")))
      await symlink(join(root, "node_modules", name), join(directory, "node_modules", name), "junction");
    return await work(directory);
  } finally {
    await resetEmbeddedPostgres({ directory: join(directory, ".millrace", "postgres") });
    await rm(directory, { recursive: true });
  }
}

const samples = new Map<string, Milestones[]>();
async function take(name: string, args: readonly string[], databaseUrl?: string): Promise<void> {
  const sample = await startNode(args, databaseUrl);
  samples.set(name, [...(samples.get(name) ?? []), sample]);
}

for (let round = 0; round < ROUNDS; round += 1) {
  await take("node -e 0", ["-e", "0"]);
  await take("millrace --help", [program, "--help"]);
  await withExample(async (directory) => {
    const run = [program, "run", "--json", "--project", directory];
    await take("run, new project", run);
    await take("run, nothing to do", run);
    await withBenchDatabase((database) => take("run, server up", run, database.url));
  });
}

const shown: readonly Milestone[] = [
  "run_started",
  "documents_synced",
  "model_started",
  "first row",
  "run_finished",
  "exit",
];
printTable(
  `Start: ms since the start of the process, median of ${ROUNDS}`,
  ["what", ...shown.map((milestone) => milestone.replace("_", " "))],
  [...samples].map(([name, each]) => [
    name,
    ...shown.map((milestone) => {
      const times = each.flatMap((sample) => sample.get(milestone) ?? []);
      return times.length === 0 ? "" : median(times).toFixed(0);
    }),
  ]),
);
