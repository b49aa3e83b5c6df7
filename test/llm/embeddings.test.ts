import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { Database } from "../../src/database/connect.ts";
import { configuredLlm, type LlmSettings } from "../../src/llm/configured-llm.ts";
import { createLlm } from "../../src/llm/llm.ts";
import { addUsage, NO_USAGE } from "../../src/llm/answers/telemetry.ts";
import { createTestDatabase } from "../support/test-database.ts";

const signal = new AbortController().signal;

/** Knows OpenAI's way to ask for embeddings; answers in reverse order, and refuses texts that say `too long`. */
async function startServer({ failFirst = 0 } = {}) {
  const requests: string[][] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { input, model } = JSON.parse(Buffer.concat(chunks).toString()) as { input: string[]; model: string };
    requests.push(input);
    const isRefused = input.some((text) => text.includes("too long"));
    const status = requests.length <= failFirst ? 500 : isRefused ? 400 : 200;
    response.writeHead(status, { "content-type": "application/json" });
    const data = input.map((text, index) => ({ index, embedding: [text.length, 0.1, 1 / 3] })).toReversed();
    const tokens = input.reduce((sum, { length }) => sum + length, 0);
    response.end(
      JSON.stringify(status === 200 ? { model, data, usage: { prompt_tokens: tokens } } : { error: { message: "no" } }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return { requests, model: `${url}#embed-1` };
}

function openLlm(settings: Partial<LlmSettings>, database?: Database) {
  const source = configuredLlm({ cache: "on", ...settings }, { environment: {}, database });
  let usage = NO_USAGE;
  const llm = createLlm(source, { signal, onUsage: (used) => (usage = addUsage(usage, used)) });
  return { llm, usage: () => usage };
}

test("texts asked for at the same time go out together, and each comes back to whoever asked", async () => {
  const { requests, model } = await startServer();
  const { llm, usage } = openLlm({ embeddingModel: model });
  const asked = await Promise.all(
    Array.from({ length: 300 }, (_, index) => llm.embed([`${"x".repeat(index)}a`, `${"x".repeat(index)}b`])),
  );
  for (const [index, { embeddings }] of asked.entries())
    expect(embeddings.map(([length]) => length)).toEqual([index + 1, index + 1]);
  expect(requests.length).toBeLessThanOrEqual(5);
  // What the server counted is what the callers were told, to the token.
  expect(usage().inputTokens).toBe(requests.flat().reduce((sum, { length }) => sum + length, 0));
});

test("a text is embedded once for all who ask, and once for ever", async () => {
  await using created = await createTestDatabase();
  await using database = new Database({ url: created.url });
  const { requests, model } = await startServer();
  const { llm, usage } = openLlm({ embeddingModel: model }, database);
  const [first, second] = await Promise.all([llm.embed(["alpha", "beta", "alpha"]), llm.embed(["beta"])]);
  expect(requests).toEqual([["alpha", "beta"]]);
  expect(first.embeddings[0]).toEqual(first.embeddings[2]);
  expect([first.telemetry.llmCached, second.telemetry.llmCached]).toEqual([false, true]);
  expect(usage()).toMatchObject({ calls: 2, cachedCalls: 1, inputTokens: 9 });
  const again = await openLlm({ embeddingModel: model }, database).llm.embed(["beta", "alpha"]);
  expect(requests).toHaveLength(1);
  expect(again).toEqual({
    embeddings: [first.embeddings[1], first.embeddings[0]],
    telemetry: expect.objectContaining({
      llmModel: "embed-1",
      llmCached: true,
      llmCostUsd: first.telemetry.llmCostUsd,
    }) as object,
  });
});

test("one text that the server refuses fails alone", async () => {
  const { model } = await startServer();
  const { llm } = openLlm({ embeddingModel: model });
  const texts = Array.from({ length: 20 }, (_, index) => (index === 7 ? "too long" : `text ${index}`));
  const results = await Promise.allSettled(texts.map((text) => llm.embed([text])));
  const failed = results.flatMap((result, index) => (result.status === "rejected" ? [index] : []));
  expect(failed).toEqual([7]);
  expect(results[7]).toMatchObject({ reason: { kind: "bad_request" } });
});

test("a server that stumbles is asked again", async () => {
  const { requests, model } = await startServer({ failFirst: 1 });
  const { embeddings } = await openLlm({ embeddingModel: model }).llm.embed(["alpha"]);
  expect(embeddings).toHaveLength(1);
  expect(requests).toHaveLength(2);
});

test("a caller that gives up takes nobody else along", async () => {
  const { model } = await startServer();
  const source = configuredLlm({ cache: "on", embeddingModel: model }, { environment: {}, database: undefined });
  const stop = new AbortController();
  const given = createLlm(source, { signal: stop.signal, onUsage: () => undefined }).embed(["alpha"]);
  const kept = createLlm(source, { signal, onUsage: () => undefined }).embed(["alpha"]);
  stop.abort();
  await expect(given).rejects.toMatchObject({ kind: "aborted" });
  expect((await kept).embeddings).toHaveLength(1);
});

test("without a model, texts that share words are near each other, the same everywhere", async () => {
  const { llm } = openLlm({});
  const { embeddings, telemetry } = await llm.embed(["Acme Corporation", "ACME Corp.", "photosynthesis", ""]);
  const similarity = (a: number, b: number) =>
    (embeddings[a] ?? []).reduce((sum, value, index) => sum + value * (embeddings[b]?.[index] ?? 0), 0);
  expect(similarity(0, 0)).toBeCloseTo(1);
  expect(similarity(0, 1)).toBeGreaterThan(0.5);
  expect(Math.abs(similarity(0, 2))).toBeLessThan(0.2);
  expect(embeddings[3]?.every((value) => value === 0)).toBe(true);
  expect(telemetry.llmModel).toBe("offline");
});
