import { LLMock } from "@copilotkit/aimock";
import { anthropic, openAiCompatible, openAiEmbeddings, signature } from "millrace/llm";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { configuredLlm, type LlmSettings } from "../../src/llm/configured-llm.ts";
import { createLlm } from "../../src/llm/llm.ts";
import { addUsage, NO_USAGE } from "../../src/llm/answers/telemetry.ts";

// A server that others wrote from the providers' documentation: it shares no mistake with the one of these tests.
const echo = signature({
  name: "echo",
  instructions: "Say the number again.",
  input: z.object({ number: z.number() }),
  output: z.object({ number: z.number() }),
});

async function startServer(chaos: Parameters<LLMock["setChaos"]>[0] = {}) {
  const server = new LLMock({ port: 0, logLevel: "silent", chaos });
  server.onMessage(/number:\n\d+/, ({ messages }) => {
    const number = Number(
      /number:\n(\d+)/.exec(
        messages
          .map(({ content }) => JSON.stringify(content))
          .join()
          .replaceAll("\\n", "\n"),
      )?.[1],
    );
    return {
      content: JSON.stringify({ number }),
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, input_tokens: 11, output_tokens: 7 },
    };
  });
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

function open(settings: Partial<LlmSettings>) {
  const account = { usage: NO_USAGE };
  const source = configuredLlm({ cache: "off", ...settings }, { environment: {}, database: undefined });
  const llm = createLlm(source, {
    signal: new AbortController().signal,
    onUsage: (used) => (account.usage = addUsage(account.usage, used)),
  });
  return { llm, account };
}

const rows = Array.from({ length: 100 }, (_, index) => index);
const input = (number: number) => ({ number });

describe.each([
  [
    "OpenAI's protocol",
    (server: LLMock) => openAiCompatible({ baseUrl: `${server.url}/v1`, model: "gpt-4.1-mini", apiKey: "k" }),
  ],
  [
    "Anthropic's protocol",
    (server: LLMock) => anthropic({ baseUrl: server.url, model: "claude-haiku-4-5", apiKey: "k" }),
  ],
])("an independent server over %s", (_, connect) => {
  test("answers every row with its own answer, and its usage is what is counted", async () => {
    const server = await startServer();
    const { llm, account } = open({ model: connect(server) });
    const results = await llm.runBatch(echo, rows, { input, concurrency: 20 });
    expect(results.map((result) => (result.ok ? result.output.number : result.error))).toEqual(rows);
    expect(account.usage).toMatchObject({ calls: 100, inputTokens: 1_100, outputTokens: 700 });
  });

  test("loses no row to failures and refusals for a time", async () => {
    const server = await startServer({ dropRate: 0.05, rateLimitRate: 0.05 });
    const { llm } = open({ model: connect(server), maxRetries: 8 });
    const results = await llm.runBatch(echo, rows, { input, concurrency: 20 });
    expect(results.map((result) => (result.ok ? result.output.number : result.error))).toEqual(rows);
  });
});

test("an embedding of an independent server is the one of its text", async () => {
  const server = await startServer();
  for (const [index, name] of ["alpha", "beta", "gamma"].entries())
    server.onEmbedding(name, { embedding: [index, 0.5] });
  const { llm } = open({
    embeddingModel: openAiEmbeddings({ baseUrl: `${server.url}/v1`, model: "text-embedding-3-small" }),
  });
  const { embeddings } = await llm.embed(["gamma"]);
  expect(embeddings).toEqual([[2, 0.5]]);
});
