import { expect, test } from "vitest";
import { defineModel, documents, openProject } from "millrace";
import { type LlmRequest, type LlmTransport, signature } from "millrace/llm";
import { llmTelemetry, pipelineTable, text } from "millrace/schema";
import { createTestProject, executeModel, offlineLlm } from "millrace/testing";
import { z } from "zod";

const classify = (instructions = "Classify the text.") =>
  signature({
    name: "classify",
    instructions,
    input: z.object({ content: z.string() }),
    output: z.object({ topic: z.string() }),
  });

const topics = (classifier = classify()) =>
  defineModel({
    name: "n.topics",
    table: pipelineTable("topics", { path: text().primaryKey(), topic: text().notNull(), ...llmTelemetry() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row, llm }) {
      const { output, telemetry } = await llm.predict(classifier, { content: row.content });
      return { path: row.path ?? "", topic: output.topic, ...telemetry };
    },
  });

/** A model that counts its requests and answers with the first word of the text. */
function countingModel(options: { fail?: (request: LlmRequest) => Error | undefined; model?: string } = {}) {
  const requests: LlmRequest[] = [];
  const transport: LlmTransport = {
    provider: "test",
    model: options.model ?? "tiny",
    endpoint: "test",
    limiterKey: `test ${Math.random()}`,
    async call(request) {
      requests.push(request);
      const failure = options.fail?.(request);
      if (failure !== undefined) throw failure;
      const topic = /content:\n(\w+)/.exec(request.messages.at(-1)?.content ?? "")?.[1] ?? "none";
      return {
        text: JSON.stringify({ topic }),
        finish: "stop",
        model: "tiny-1",
        usage: { inputTokens: 100, outputTokens: 10, cachedInputTokens: 0 },
        rateLimit: undefined,
      };
    },
  };
  return { transport, requests };
}

const price = { inputPer1M: 10, outputPer1M: 100 };
const files = { "a.md": "apples", "b.md": "bears", "c.md": "cars" };

test("rows say what their answers took, and the run adds it up", async () => {
  const { transport, requests } = countingModel();
  await using test_ = await createTestProject({
    models: [topics()],
    documents: files,
    config: { llm: { model: transport, price } },
  });
  const result = await test_.project.runPipeline();
  expect(result).toMatchObject({
    status: "succeeded",
    usage: { calls: 3, cachedCalls: 0, inputTokens: 300, outputTokens: 30 },
  });
  expect(result.usage?.costUsd).toBeCloseTo(0.006);
  expect(requests).toHaveLength(3);
  expect(
    await test_.query("select topic, llm_model, llm_input_tokens, llm_cached from topics order by path limit 1"),
  ).toEqual([{ topic: "apples", llm_model: "tiny-1", llm_input_tokens: 100, llm_cached: false }]);
});

test("what has been answered is not asked again: after a rebuild it comes from the cache", async () => {
  const { transport, requests } = countingModel();
  await using test_ = await createTestProject({
    models: [topics()],
    documents: files,
    config: { llm: { model: transport, price } },
  });
  await test_.project.runPipeline();
  const result = await test_.project.runPipeline(undefined, { mode: "full" });
  expect(requests).toHaveLength(3);
  expect(result.usage).toMatchObject({ calls: 3, cachedCalls: 3, costUsd: 0 });
});

test("a changed prompt runs exactly the rows of its model, another language model all of them", async () => {
  const { transport, requests } = countingModel();
  await using test_ = await createTestProject({
    models: [topics()],
    documents: files,
    config: { llm: { model: transport } },
  });
  await test_.project.runPipeline();
  requests.length = 0;
  const other = countingModel({ model: "large" });
  await test_.project[Symbol.asyncDispose]();
  await using changed = await openProject({
    directory: test_.directory,
    database: test_.databaseUrl,
    documents: ["./docs"],
    models: [topics()],
    llm: { model: other.transport },
  });
  expect((await changed.plan()).models).toMatchObject([{ units: { llm: 3 }, work: 3 }]);
  await changed.runPipeline();
  expect(other.requests).toHaveLength(3);
});

test("a wrong key stops the model at once, and no unit is to blame", async () => {
  const { LlmError } = await import("millrace/llm");
  const { transport, requests } = countingModel({
    fail: () => new LlmError("auth", "The key of test was refused.", { hint: "Set TEST_API_KEY." }),
  });
  await using test_ = await createTestProject({
    models: [topics()],
    documents: Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`${index}.md`, `text${index}`])),
    config: { llm: { model: transport } },
  });
  const result = await test_.project.runPipeline();
  expect(result).toMatchObject({
    status: "failed",
    errors: { "n.topics": { code: "LLM_AUTH", hint: "Set TEST_API_KEY." } },
  });
  expect(requests.length).toBeLessThanOrEqual(16);
  expect(await test_.query("select count(*)::int as units from millrace.unit_state")).toEqual([{ units: 0 }]);
});

test("a run stops before it spends more than it may, and goes on with more", async () => {
  const { transport, requests } = countingModel();
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}.md`, `text${index}`]));
  // A call costs 0.002; the estimate of the first ones is higher.
  const llm = { model: transport, price, maxCostUsd: 0.05, maxOutputTokens: 20 };
  await using test_ = await createTestProject({ models: [topics()], documents: many, config: { llm } });
  const result = await test_.project.runPipeline();
  expect(result).toMatchObject({ status: "stopped", errors: { "n.topics": { code: "LLM_BUDGET" } } });
  const spent = requests.length * 0.002;
  expect(spent).toBeLessThanOrEqual(0.05);
  expect(spent).toBeGreaterThanOrEqual(0.04);
  await test_.project[Symbol.asyncDispose]();
  await using richer = await openProject({
    directory: test_.directory,
    database: test_.databaseUrl,
    documents: ["./docs"],
    models: [topics()],
    llm: { ...llm, maxCostUsd: 1 },
  });
  expect(await richer.runs.resume("last")).toMatchObject({ status: "succeeded" });
  expect(requests).toHaveLength(40);
});

test("what was paid for is booked, also where nothing became of it", async () => {
  const { transport, requests } = countingModel();
  const twice = defineModel({
    name: "n.twice",
    table: pipelineTable("twice", { path: text().primaryKey() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row, llm }) {
      await llm.predict(classify("First."), { content: row.content });
      await llm.predict(classify("Second."), { content: row.content });
      return { path: row.path ?? "" };
    },
  });
  const broken = defineModel({
    name: "n.broken",
    table: pipelineTable("broken", { path: text().primaryKey() }),
    sources: {},
    async run({ llm }) {
      await llm.predict(classify("Third."), { content: "words" });
      throw new Error("after the call");
    },
  });
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}.md`, `text${index}`]));
  const llm = { model: transport, price, maxCostUsd: 0.05, maxOutputTokens: 20 };
  await using test_ = await createTestProject({ models: [twice, broken], documents: many, config: { llm } });
  const booked = () => test_.query("select sum(calls)::int as calls from millrace.llm_call");
  expect((await test_.project.runPipeline("n.broken")).status).toBe("failed");
  expect(await booked()).toEqual([{ calls: 1 }]);
  expect((await test_.project.runPipeline("n.twice")).status).toBe("stopped");
  // Answers to calls that were on their way when the money was up come later.
  await expect.poll(booked).toEqual([{ calls: requests.length }]);
});

test("a run may be given a sum of its own, and a model a part of it", async () => {
  const { transport, requests } = countingModel();
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`${index}.md`, `text${index}`]));
  const llm = { model: transport, price, maxOutputTokens: 20, maxCostUsd: 9 };
  const dear = defineModel({
    name: "n.dear",
    table: pipelineTable("dear", { path: text().primaryKey(), topic: text().notNull() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    maxCostUsd: 0.02,
    async run({ row, llm: asked }) {
      const { output } = await asked.predict(classify("Classify it again."), { content: row.content });
      return { path: row.path ?? "", topic: output.topic };
    },
  });
  await using test_ = await createTestProject({ models: [topics(), dear], documents: many, config: { llm } });
  const first = await test_.project.runPipeline("n.topics", { maxCostUsd: 0.03 });
  expect(first).toMatchObject({ status: "stopped", errors: { "n.topics": { code: "LLM_BUDGET" } } });
  expect(requests.length * 0.002).toBeLessThanOrEqual(0.03);
  expect(await test_.project.runs.resume("last", { maxCostUsd: 1 })).toMatchObject({ status: "succeeded" });
  requests.length = 0;
  const second = await test_.project.runPipeline();
  expect(second).toMatchObject({ status: "stopped", errors: { "n.dear": { code: "LLM_BUDGET" } } });
  expect(requests.length * 0.002).toBeLessThanOrEqual(0.02);
  expect(requests.length).toBeGreaterThan(5);
});

test("calls in a context go to the model and with the parameters that it says", async () => {
  const [usual, other] = [countingModel(), countingModel({ model: "large" })];
  const llm = offlineLlm();
  await llm.context({ model: usual.transport }, async () => {
    await llm.predict(classify(), { content: "apples" });
    await llm.context({ model: other.transport, temperature: 0.5 }, () =>
      Promise.all([llm.predict(classify(), { content: "bears" }), llm.predict(classify(), { content: "cars" })]),
    );
    await llm.context({ maxOutputTokens: 7 }, () => llm.predict(classify(), { content: "dogs" }));
    expect(llm.model()).toContain("tiny");
  });
  expect(usual.requests.map(({ params }) => params.maxOutputTokens)).toEqual([undefined, 7]);
  expect(other.requests.map(({ params }) => params.temperature)).toEqual([0.5, 0.5]);
  expect(llm.model()).toBe("offline");
});

test("a model with a prompt runs on literal rows, with the answers that a test gives", async () => {
  const row = {
    id: "1",
    title: null,
    path: "a",
    sourceUrl: "u",
    contentType: "text/plain",
    contentHash: "",
    metadata: {},
  };
  const rows = await executeModel(topics(), {
    sources: { documents: [{ ...row, content: "something" }] },
    llm: { respond: () => ({ topic: "given" }) },
  });
  expect(rows).toMatchObject([{ path: "a", topic: "given", llmModel: "offline" }]);
});
