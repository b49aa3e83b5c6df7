import { defineModel, documents } from "millrace";
import { type LlmTransport, signature } from "millrace/llm";
import { llmTelemetry, pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import picocolors from "picocolors";
import { renderPlan } from "../../src/display/render-plan.ts";

const summarize = signature({
  name: "summarize",
  instructions: "Summarize the text.",
  input: z.object({ content: z.string() }),
  output: z.object({ summary: z.string() }),
});

const summaries = defineModel({
  name: "n.summaries",
  table: pipelineTable("summaries", { path: text().primaryKey(), summary: text().notNull(), ...llmTelemetry() }),
  sources: { documents: documents({ content: true }) },
  forEach: "documents",
  async run({ row, llm }) {
    const { output, telemetry } = await llm.predict(summarize, { content: row.content });
    return { path: row.path ?? "", summary: output.summary, ...telemetry };
  },
});

/** Answers at the length of the text, and bills by the length of both. */
function billedModel() {
  let tokens = { input: 0, output: 0 };
  const transport: LlmTransport = {
    provider: "test",
    model: "billed",
    endpoint: "test",
    limiterKey: `billed ${Math.random()}`,
    async call({ messages }) {
      const inputTokens = Math.ceil(messages.reduce((sum, { content }) => sum + content.length, 0) / 4);
      const summary = (messages.at(-1)?.content ?? "").slice(0, 300);
      const outputTokens = 20 + Math.ceil(summary.length / 4);
      tokens = { input: tokens.input + inputTokens, output: tokens.output + outputTokens };
      return {
        text: JSON.stringify({ summary }),
        finish: "stop",
        model: "billed",
        usage: { inputTokens, outputTokens, cachedInputTokens: 0 },
        rateLimit: undefined,
      };
    },
  };
  return { transport, costUsd: () => (tokens.input * 2 + tokens.output * 8) / 1e6 };
}

const price = { inputPer1M: 2, outputPer1M: 8 };
const files = (count: number, from = 0) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `${from + index}.md`,
      `text ${from + index} ${"word ".repeat(40 + ((index * 37) % 120))}`,
    ]),
  );

async function createProject(count: number) {
  const model = billedModel();
  const config = { llm: { model: model.transport, price } };
  const test_ = await createTestProject({ models: [summaries], documents: files(count), config });
  const plan = async () => (await test_.project.plan()).models[0];
  return { test_, model, plan, [Symbol.asyncDispose]: () => test_[Symbol.asyncDispose]() };
}

test("without history, a plan counts the prompts and says a range with what it rests on", async () => {
  await using project = await createProject(50);
  const planned = await project.plan();
  expect(planned?.work).toBe(50);
  expect(project.model.costUsd()).toBe(0);
  expect(planned?.cost?.basis).toBe("prompts of 5 units, answers of 50 to 1000 tokens");
  await project.test_.project.runPipeline();
  expect(planned?.cost?.lowUsd).toBeLessThan(project.model.costUsd());
  expect(planned?.cost?.highUsd).toBeGreaterThan(project.model.costUsd());
});

test("after a sample, the forecast is near what the rest costs", async () => {
  await using project = await createProject(200);
  await project.test_.project.runPipeline(undefined, { sample: 20 });
  const sampled = project.model.costUsd();
  const planned = await project.plan();
  expect(planned).toMatchObject({ work: 180, cost: { basis: "mean of 20 earlier units" } });
  await project.test_.project.runPipeline();
  const rest = project.model.costUsd() - sampled;
  expect(Math.abs((planned?.cost?.lowUsd ?? 0) - rest) / rest).toBeLessThan(0.15);
});

test("with history, the forecast of new documents is near what they cost, and the plan shows it", async () => {
  await using project = await createProject(100);
  await project.test_.project.runPipeline();
  const before = project.model.costUsd();
  for (const [path, content] of Object.entries(files(100, 1_000))) await project.test_.writeDocument(path, content);
  const plan = await project.test_.project.plan();
  const shown = renderPlan(plan, { colors: picocolors.createColors(false), width: 100 }).join("\n");
  expect(shown).toMatch(/n\.summaries +100 +100 new · 100 unchanged +~\S+ +~\$0\.\d+/);
  expect(shown).toMatch(
    /about \$0\.\d+ for language models \(mean of 100 earlier units; cached answers cost nothing\)/,
  );
  await project.test_.project.runPipeline();
  const cost = project.model.costUsd() - before;
  expect(Math.abs((plan.models[0]?.cost?.lowUsd ?? 0) - cost) / cost).toBeLessThan(0.1);
});
