// What a call to a language model takes beside waiting: processor time of this process per call, against `fetch` and zod
// alone, with a server in another process; and the memory of a long stream of calls.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type LlmTransport, openAiCompatible, signature } from "millrace/llm";
import { createTestProject } from "millrace/testing";
import { z } from "zod";
import { median, printTable, rotated } from "./measure.ts";

const CALLS = Number(process.env["BENCH_CALLS"] ?? 2_000);
const STREAMED = Number(process.env["BENCH_STREAMED_CALLS"] ?? 100_000);
const ROUNDS = 3;
const CONCURRENCY = 20;

const topic = z.object({ topic: z.string(), score: z.number() });
const classify = signature({
  name: "classify",
  instructions: "Classify the text.",
  input: z.object({ content: z.string() }),
  output: topic,
});
const ANSWER = JSON.stringify({ topic: "words", score: 1 });
const COMPLETION = JSON.stringify({
  model: "tiny",
  choices: [{ finish_reason: "stop", message: { role: "assistant", content: ANSWER } }],
  usage: { prompt_tokens: 100, completion_tokens: 10 },
});
const SERVER = `
  const server = require("node:http").createServer((request, response) => {
    request.resume().on("end", () => response.setHeader("content-type", "application/json").end(${JSON.stringify(COMPLETION)}));
  });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
  process.stdin.resume().on("end", () => process.exit());
`;
const contents = Array.from({ length: CALLS }, (_, index) => `text ${index} ${"word ".repeat(100)}`);

// Ends with its input, and so with this process, whatever that ends by.
const server = spawn(process.execPath, ["-e", SERVER], { stdio: ["pipe", "pipe", "inherit"] });
const [port] = (await once(server.stdout, "data")) as [Buffer];
const baseUrl = `http://127.0.0.1:${String(port).trim()}/v1`;

async function fetchAlone(content: string): Promise<void> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "tiny", messages: [{ role: "user", content }] }),
  });
  const body = (await response.json()) as { choices: [{ message: { content: string } }] };
  topic.parse(JSON.parse(body.choices[0].message.content));
}

async function inParallel(work: (content: string) => Promise<unknown>): Promise<void> {
  const left = contents.values();
  const worker = async () => {
    for (const content of left) await work(content);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

const model = openAiCompatible({ baseUrl, model: "tiny", mode: "json_schema" });
await using cold = await createTestProject({ models: [], config: { llm: { model, cache: "off" } } });
await using cached = await createTestProject({ models: [], config: { llm: { model, cache: "refresh" } } });
const llm = await cold.project.openLlm();
const keeping = await cached.project.openLlm();
const input = (content: string) => ({ content });
const techniques = {
  "fetch and zod": () => inParallel(fetchAlone),
  "llm.runBatch": () => llm.runBatch(classify, contents, { input, concurrency: CONCURRENCY }),
  "llm.runBatch, answers kept": () => keeping.runBatch(classify, contents, { input, concurrency: CONCURRENCY }),
};

const cpuMs: Record<string, number[]> = {};
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, work] of rotated(Object.entries(techniques), round)) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    // The first round warms up.
    if (round > 0) (cpuMs[name] ??= []).push((user + system) / 1_000 / CALLS);
  }
}
const floor = median(cpuMs["fetch and zod"] ?? []);
printTable(
  `Calls to a language model, ${CALLS.toLocaleString("en-US")} in a batch`,
  ["technique", "CPU ms a call", "over fetch and zod"],
  Object.entries(cpuMs).map(([name, values]) => [name, median(values).toFixed(3), (median(values) - floor).toFixed(3)]),
);
server.kill();

const instant: LlmTransport = {
  provider: "bench",
  model: "instant",
  endpoint: "bench",
  limiterKey: "bench",
  call: async () => ({
    text: ANSWER,
    finish: "stop",
    model: "instant",
    usage: { inputTokens: 100, outputTokens: 10, cachedInputTokens: 0 },
    rateLimit: undefined,
  }),
};
function* rows() {
  for (let index = 0; index < STREAMED; index += 1) yield `text ${index} ${"word ".repeat(200)}`;
}
await using streaming = await createTestProject({ models: [], config: { llm: { model: instant, cache: "off" } } });
const stream = (await streaming.project.openLlm()).streamBatch(classify, rows(), { input, concurrency: CONCURRENCY });
let [answered, peak] = [0, 0];
const startMb = process.memoryUsage().rss / 2 ** 20;
for await (const { ok } of stream) {
  if (ok) answered += 1;
  if (answered % 500 === 0) peak = Math.max(peak, process.memoryUsage().rss / 2 ** 20);
}
printTable(
  `streamBatch, ${answered.toLocaleString("en-US")} rows of 1 kB`,
  ["what", "MB"],
  [
    ["resident before", startMb.toFixed(0)],
    ["resident at most", peak.toFixed(0)],
  ],
);
