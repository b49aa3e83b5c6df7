import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createTestProject } from "millrace/testing";
import { expect, test } from "vitest";
import { startModelServer } from "../llm/model-server.ts";

const COMMAND = fileURLToPath(new URL("../../bin/millrace.js", import.meta.url));
const ROWS = Number(process.env["MILLRACE_KILL_UNITS"] ?? 300);
const KILLS = 3;
const CONCURRENCY = 10;

const MODELS = `
import { defineModel, documents } from "millrace";
import { signature } from "millrace/llm";
import { pipelineTable, text } from "millrace/schema";
import { z } from "zod";

const classify = signature({
  name: "classify",
  instructions: "Classify the text.",
  input: z.object({ content: z.string() }),
  output: z.object({ topic: z.string() }),
});

export const topics = defineModel({
  name: "n.topics",
  table: pipelineTable("topics", { id: text().primaryKey(), topic: text().notNull() }),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  concurrency: ${CONCURRENCY},
  async run({ row, llm }) {
    const { output } = await llm.predict(classify, { content: row.content });
    return { id: row.id, topic: output.topic };
  },
});
`;

test("killed again and again, a run pays for hardly an answer twice", { timeout: 240_000 }, async () => {
  await using server = await startModelServer({ latencyMs: 40, respond: () => ({ topic: "words" }) });
  await using project = await createTestProject({
    models: { topics: MODELS },
    documents: Object.fromEntries(Array.from({ length: ROWS }, (_, index) => [`${index}.md`, `text ${index}`])),
  });
  const settings = {
    models: "./models",
    documents: ["./docs"],
    database: project.databaseUrl,
    llm: { model: `${server.url}#tiny` },
  };
  await writeFile(join(project.directory, "millrace.config.ts"), `export default ${JSON.stringify(settings)};`);
  const start = () =>
    spawn(process.execPath, [COMMAND, "run", "--project", project.directory], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const asked = server.requests;
    const running = start();
    const ended = once(running, "close");
    while (server.requests < asked + 40) await sleep(5);
    running.kill("SIGKILL");
    await ended;
  }
  const [code] = (await once(start(), "close")) as [number];
  expect(code).toBe(0);
  expect(await project.query("select count(*)::int as rows, count(distinct topic)::int as topics from topics")).toEqual(
    [{ rows: ROWS, topics: 1 }],
  );
  // Only what was on its way when the process died is asked again.
  expect(server.requests).toBeLessThanOrEqual(ROWS + KILLS * CONCURRENCY);
});
