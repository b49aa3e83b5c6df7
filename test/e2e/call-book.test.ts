import { expect, test } from "vitest";
import { defineModel, documents, RowError } from "millrace";
import { LlmError, type LlmTransport, signature } from "millrace/llm";
import { llmTelemetry, pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { z } from "zod";

const classify = signature({
  name: "classify",
  instructions: "Classify the text.",
  input: z.object({ content: z.string() }),
  output: z.object({ topic: z.string() }),
});

const topics = defineModel({
  name: "n.topics",
  table: pipelineTable("topics", { path: text().primaryKey(), topic: text().notNull(), ...llmTelemetry() }),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  async run({ row, llm }) {
    const { output, telemetry } = await llm.predict(classify, { content: row.content });
    return { path: row.path ?? "", topic: output.topic, ...telemetry };
  },
});

type Answer = string | LlmError;

/** A model whose answers to a text are given, one after the other; the last one is repeated. */
function scriptedModel(answers: Readonly<Record<string, readonly Answer[]>>) {
  const asked = new Map<string, number>();
  const transport: LlmTransport = {
    provider: "test",
    model: "tiny",
    endpoint: "test",
    limiterKey: `test ${Math.random()}`,
    async call({ messages }) {
      const name = /content:\n(\w+)/.exec(messages[1]?.content ?? "")?.[1] ?? "";
      const times = asked.get(name) ?? 0;
      asked.set(name, times + 1);
      const script = answers[name] ?? ['{"topic":"any"}'];
      const answer = script[Math.min(times, script.length - 1)] ?? "";
      if (typeof answer !== "string") throw answer;
      const usage = { inputTokens: 100, outputTokens: 10, cachedInputTokens: 0 };
      return { text: answer, finish: "stop", model: "tiny-1", usage, rateLimit: undefined };
    },
  };
  return { transport, asked };
}

const price = { inputPer1M: 10, outputPer1M: 100 };
const EACH = 0.002;

const open = (transport: LlmTransport, files: Readonly<Record<string, string>>, models = [topics]) =>
  createTestProject({ models, documents: files, config: { llm: { model: transport, price, maxRetries: 0 } } });

test("a repaired, a refused and an abandoned answer are all in the book, with what was said", async () => {
  const { transport } = scriptedModel({
    apples: ["not json", '{"topic":"fruit"}'],
    bears: ["no", "never"],
    cars: [new LlmError("timeout", "too late")],
  });
  await using test_ = await open(transport, { "a.md": "apples", "b.md": "bears", "c.md": "cars" });
  const { project } = test_;
  const result = await project.runPipeline("n.topics");
  expect(result.status).toBe("partial");
  expect(result.usage).toMatchObject({ calls: 5, cachedCalls: 0, unknownCalls: 1 });
  expect(result.usage?.costUsd).toBeCloseTo(4 * EACH, 12);

  const said = async (path: string) =>
    (await project.units.calls("n.topics", { key: [path] })).map(({ kind, status, answer, costUsd }) => ({
      kind,
      status,
      answer,
      costUsd,
    }));
  expect(await said("docs/a.md")).toEqual([
    { kind: "ask", status: "invalid_output", answer: "not json", costUsd: EACH },
    { kind: "repair", status: "ok", answer: '{"topic":"fruit"}', costUsd: EACH },
  ]);
  expect((await said("docs/b.md")).map(({ answer }) => answer)).toEqual(["no", "never"]);
  expect(await said("docs/c.md")).toEqual([{ kind: "ask", status: "timeout", answer: null, costUsd: null }]);
  const [first] = await project.units.calls("n.topics", { key: ["docs/a.md"] });
  expect(first?.messages?.map(({ role }) => role)).toEqual(["system", "user"]);
  expect(first?.messages?.[1]?.content).toContain("apples");

  const [row] = await test_.query("select * from topics");
  expect(row).toMatchObject({ path: "docs/a.md", llm_cost_usd: 2 * EACH, llm_cached: false });
});

test("a rebuild from kept answers is billed nothing and leaves what rows cost as it was", async () => {
  const { transport, asked } = scriptedModel({});
  await using test_ = await open(transport, { "a.md": "apples", "b.md": "bears" });
  await test_.project.runPipeline("n.topics");
  const costs = () => test_.query("select path, llm_cost_usd, llm_input_tokens, llm_latency_ms from topics order by 1");
  const before = await costs();
  const again = await test_.project.runPipeline("n.topics", { mode: "full" });
  expect(again.usage).toMatchObject({ calls: 2, cachedCalls: 2, unknownCalls: 0, costUsd: 0 });
  expect(await costs()).toEqual(before);
  expect([...asked.values()]).toEqual([1, 1]);
});

test("a failure of the provider uses up no try of a unit", async () => {
  const { transport } = scriptedModel({ apples: [new LlmError("server", "down")] });
  await using test_ = await open(transport, { "a.md": "apples", "b.md": "bears" });
  for (let run = 0; run < 4; run += 1) {
    expect((await test_.project.runPipeline("n.topics")).status).toBe("partial");
  }
  const { units } = await test_.project.units.failed();
  expect(units).toMatchObject([{ document: "docs/a.md", status: "error", code: "LLM_SERVER", attempts: 0 }]);
});

test("a provider that stays down stops the run, and the next run does what is left", async () => {
  let isDown = true;
  const { transport } = scriptedModel({});
  const failing: LlmTransport = {
    ...transport,
    call: (...call) => (isDown ? Promise.reject(new LlmError("network", "nobody there")) : transport.call(...call)),
  };
  const files = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`${index}.md`, `text${index}`]));
  await using test_ = await createTestProject({
    models: [topics],
    documents: files,
    config: { llm: { model: failing, price, outageTimeoutMs: 50 } },
  });
  const stopped = await test_.project.runPipeline("n.topics");
  expect(stopped).toMatchObject({ status: "stopped", stoppedBy: "provider" });
  expect(stopped.errors["n.topics"]).toMatchObject({ code: "LLM_OUTAGE" });
  isDown = false;
  expect(await test_.project.runPipeline("n.topics")).toMatchObject({ status: "succeeded" });
});

test("quarantined units keep a run from being green until somebody accepts them", async () => {
  const picky = defineModel({
    name: "n.picky",
    table: pipelineTable("picky", { path: text().primaryKey() }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      if (row.content.startsWith("odd")) throw new RowError("ODD", "an odd text");
      return { path: row.path ?? "" };
    },
  });
  await using test_ = await createTestProject({ models: [picky], documents: { "a.md": "fine", "b.md": "odd" } });
  const { project } = test_;
  const statusOfRun = async () => (await project.runPipeline("n.picky")).status;
  expect(await statusOfRun()).toBe("partial");
  expect(await statusOfRun()).toBe("partial");
  expect(await project.runPipeline("n.picky", { filters: { includePattern: "docs/a.md" } })).toMatchObject({
    status: "succeeded",
  });
  expect(await project.units.accept("n.picky", { key: ["docs/b.md"], by: "ann", reason: "known" })).toBe(1);
  expect(await statusOfRun()).toBe("succeeded");
  const { units } = await project.units.failed();
  expect(units).toMatchObject([{ status: "quarantined", accepted: { by: "ann", reason: "known" } }]);

  await test_.writeDocument("b.md", "odd again");
  expect(await statusOfRun()).toBe("partial");
});
