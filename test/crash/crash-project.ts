import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestProject, type TestProject } from "millrace/testing";

const COMMAND = fileURLToPath(new URL("../../bin/millrace.js", import.meta.url));

/** Documents → lines (a slow function that notes each call) → words → a total, as files that the command line loads. */
const MODELS = `
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defineModel, documents, ref } from "millrace";
import { integer, pipelineTable, primaryKey, text } from "millrace/schema";

const note = (name, unit) => appendFileSync(new URL("../calls.log", import.meta.url), name + " " + unit + "\\n");

export const lines = defineModel({
  name: "words.lines",
  table: pipelineTable("lines", { documentId: text().notNull(), lineNumber: integer().notNull(), content: text().notNull() },
    (t) => [primaryKey({ columns: [t.documentId, t.lineNumber] })]),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  concurrency: Number(process.env.UNIT_CONCURRENCY ?? 4),
  async run({ row }) {
    note("lines", row.id);
    await sleep(Number(process.env.UNIT_MS ?? 5));
    return row.content.split("\\n").map((content, index) => ({ documentId: row.id, lineNumber: index + 1, content }));
  },
});

export const words = defineModel({
  name: "words.words",
  table: pipelineTable("words", { content: text().primaryKey(), count: integer().notNull() }),
  sources: { lines: ref(lines, { columns: ["content"] }) },
  forEach: "lines",
  by: ["content"],
  concurrency: 4,
  async run({ key, rows }) {
    note("words", key.content);
    await sleep(2);
    return { content: key.content, count: rows.length };
  },
});

export const total = defineModel({
  name: "words.total",
  table: pipelineTable("total", { content: text().primaryKey(), words: integer().notNull() }),
  sources: { words: ref(words) },
  async run({ sources, writer }) {
    for await (const word of sources.words) await writer.write({ content: word.content, words: word.count });
  },
});
`;

export interface CrashProject extends AsyncDisposable {
  readonly test: TestProject;
  /** Starts the command line on the project; kill it, or wait for its end. */
  start(args: readonly string[], environment?: Readonly<Record<string, string>>): Command;
  /** Units whose function was called since the last look, as \`model unit\`. */
  takeCalls(): Promise<readonly string[]>;
  /** How often functions have been called since the beginning. */
  countCalls(): Promise<number>;
  /** Units that the ledger calls done, as \`model unit\`. */
  committed(): Promise<readonly string[]>;
  /** All data of all tables, without what says when and by which run it was written. */
  tables(): Promise<unknown>;
}

export interface Command {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

export async function createCrashProject(documents: number): Promise<CrashProject> {
  const test = await createTestProject({
    models: { words: MODELS },
    documents: Object.fromEntries(
      Array.from({ length: documents }, (_, index) => [
        `d${index}.md`,
        `word${index % 20}\nword${index % 7}\nonly${index}`,
      ]),
    ),
  });
  const { directory, databaseUrl } = test;
  await mkdir(directory, { recursive: true });
  await writeFile(
    join(directory, "millrace.config.ts"),
    `export default { models: "./models", documents: ["./docs"], database: ${JSON.stringify(databaseUrl)} };`,
  );
  const log = join(directory, "calls.log");
  let seen = 0;
  const readCalls = async () => (await readFile(log, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  return {
    test,
    start(args, environment = {}) {
      const child = spawn(process.execPath, [COMMAND, ...args, "--project", directory], {
        env: { ...process.env, ...environment },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      child.stdout.on("data", (data) => (output += String(data)));
      child.stderr.on("data", (data) => (output += String(data)));
      return {
        pid: child.pid ?? 0,
        kill: (signal) => void child.kill(signal),
        ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, output }))),
      };
    },
    async takeCalls() {
      const calls = await readCalls();
      const added = calls.slice(seen);
      seen = calls.length;
      return added;
    },
    countCalls: async () => (await readCalls()).length,
    async committed() {
      const rows = await test.query(
        "select replace(model, 'words.', '') || ' ' || source_key as unit from millrace.unit_state where status = 'done' order by 1",
      );
      return rows.map((row) => String(row["unit"]));
    },
    async tables() {
      const read = (table: string, columns: string) => test.query(`select ${columns} from ${table} order by 1, 2`);
      return {
        lines: await read("lines", "document_id, line_number, content, source_key"),
        words: await read("words", "content, count, source_key"),
        total: await read("total", "content, words"),
      };
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}
