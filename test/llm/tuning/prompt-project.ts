import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTestProject, type TestProject } from "millrace/testing";
import { type CliResult, COMMAND, runCli } from "../../cli/run-cli.ts";
import { type ModelServer } from "../model-server.ts";
import { price, tickets, type Ticket } from "./toy-task.ts";

const PROMPTS = `
import { signature } from "millrace/llm";
import { z } from "zod";

export const askDesk = signature({
  name: "desk",
  instructions: "Say which desk the ticket goes to.",
  input: z.object({ ticket: z.string() }),
  output: z.object({ desk: z.string() }),
});

export const sameDesk = (output, expected) => (output.desk === expected.desk ? 1 : { score: 0, feedback: "Another desk." });
`;

const MODEL = `
import { defineModel, documents } from "millrace";
import { llmTelemetry, pipelineTable, text } from "millrace/schema";
import { askDesk } from "./prompts.ts";

export const desks = defineModel({
  name: "n.desks",
  table: pipelineTable("desks", { path: text().primaryKey(), desk: text().notNull(), ...llmTelemetry() }),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  async run({ row, llm }) {
    const { output, telemetry } = await llm.predict(askDesk, { ticket: row.content });
    return { path: row.path ?? "", ...output, ...telemetry };
  },
});
`;

export interface Started {
  readonly ended: Promise<CliResult>;
  kill(signal: NodeJS.Signals): void;
}

export interface PromptProject extends AsyncDisposable {
  readonly test: TestProject;
  /** A process of its own, to be killed. */
  start(...args: readonly string[]): Started;
  run(...args: readonly string[]): Promise<CliResult>;
  path(name: string): string;
  read(name: string): Promise<string>;
  writeExamples(name: string, examples: readonly Ticket[]): Promise<string>;
}

/** A project with one model that asks one signature, as the command line sees it. */
export async function createPromptProject(server: ModelServer): Promise<PromptProject> {
  const test = await createTestProject({
    models: { prompts: PROMPTS, desks: MODEL },
    documents: Object.fromEntries(tickets(8, 500).map(({ input }, index) => [`${index}.md`, input.ticket])),
  });
  const { directory, databaseUrl } = test;
  const llm = { model: `${server.url}#tiny`, price, maxOutputTokens: 100 };
  const config = { models: "./models", documents: ["./docs"], database: databaseUrl, llm };
  await writeFile(join(directory, "millrace.config.ts"), `export default ${JSON.stringify(config)};`);
  const path = (name: string) => join(directory, name);
  const start = (...args: readonly string[]): Started => {
    const child = spawn(process.execPath, [COMMAND, ...args, "--project", directory], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data) => (stdout += String(data)));
    child.stderr.on("data", (data) => (stderr += String(data)));
    return {
      ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr }))),
      kill: (signal) => void child.kill(signal),
    };
  };
  return {
    test,
    start,
    run: (...args) => runCli([...args, "--project", directory]),
    path,
    read: (name) => readFile(path(name), "utf8"),
    async writeExamples(name, examples) {
      await writeFile(path(name), examples.map((example) => `${JSON.stringify(example)}\n`).join(""));
      return path(name);
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}
