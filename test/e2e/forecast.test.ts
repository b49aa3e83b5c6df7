import { defineModel, documents, openProject, type PlanOptions, ref, type RunPlan } from "millrace";
import { type LlmTransport, signature } from "millrace/llm";
import { integer, llmTelemetry, pipelineTable, text } from "millrace/schema";
import { createTestProject } from "millrace/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import picocolors from "picocolors";
import { renderPlan } from "../../src/display/render-plan.ts";

const summarizeBy = (instructions: string) =>
  signature({
    name: "summarize",
    instructions,
    input: z.object({ content: z.string() }),
    output: z.object({ summary: z.string() }),
  });
const summarize = summarizeBy("Summarize the text.");

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
  expect(planned?.cost?.basis).toBe("prompts of 10 units, answers of 50 to 1000 tokens");
  await project.test_.project.runPipeline();
  expect(planned?.cost?.lowUsd).toBeLessThan(project.model.costUsd());
  expect(planned?.cost?.highUsd).toBeGreaterThan(project.model.costUsd());
});

test("after a sample, the forecast is near what the rest costs", async () => {
  await using project = await createProject(200);
  await project.test_.project.runPipeline(undefined, { sample: 20 });
  const sampled = project.model.costUsd();
  const planned = await project.plan();
  expect(planned).toMatchObject({
    work: 180,
    cost: { basis: expect.stringMatching(/^\$0\.\d+ each, as in 20 earlier units$/) },
  });
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
  expect(shown).toMatch(/about \$0\.\d+ for language models \(\$0\.\d+ each, as in 100 earlier units\)/);
  await project.test_.project.runPipeline();
  const cost = project.model.costUsd() - before;
  expect(Math.abs((plan.models[0]?.cost?.lowUsd ?? 0) - cost) / cost).toBeLessThan(0.1);
});

test("a refactor whose answers are kept costs nothing, and neither does a full refresh; a new prompt costs about as much as before", async () => {
  const model = billedModel();
  const config = { llm: { model: model.transport, price } };
  const declare = (version: string, instructions = "Summarize the text.") => {
    const asked = summarizeBy(instructions);
    return defineModel({
      name: "n.summaries",
      table: pipelineTable("summaries", { path: text().primaryKey(), summary: text().notNull() }),
      sources: { documents: documents({ content: true }) },
      forEach: "documents",
      version,
      async run({ row, llm }) {
        const { output } = await llm.predict(asked, { content: row.content });
        return { path: row.path ?? "", summary: output.summary };
      },
    });
  };
  await using test_ = await createTestProject({ models: [declare("1")], documents: files(30), config });
  await test_.project.runPipeline();
  const paid = model.costUsd();
  const book = () =>
    test_.query(
      `select sum(hits)::int as hits, (select count(*)::int from millrace.llm_call) as calls from millrace.llm_cache`,
    );
  const before = await book();
  const planned = async (changed: ReturnType<typeof declare>, options: PlanOptions = {}) => {
    const { directory, databaseUrl: database } = test_;
    await using other = await openProject({ ...config, directory, database, documents: ["./docs"], models: [changed] });
    return (await other.plan(undefined, options)).models[0];
  };
  const basis = "answers of 10 of 10 probed units are kept";
  const cost = { lowUsd: 0, highUsd: 0, basis, probed: { units: 10, kept: 10 } };
  expect(await planned(declare("2"))).toMatchObject({ work: 30, cost });
  expect(await planned(declare("1"), { mode: "full" })).toMatchObject({ work: 30, cost });
  const other = await planned(declare("3", "Summarize the text in one word."));
  expect(Math.abs((other?.cost?.lowUsd ?? 0) - paid) / paid).toBeLessThan(0.1);
  expect(model.costUsd()).toBe(paid);
  expect(await book()).toEqual(before);
});

const mark = signature({
  name: "mark",
  instructions: "Mark the line.",
  input: z.object({ line: z.string() }),
  output: z.object({ mark: z.string() }),
});

/** Lines of documents, each of which is marked, and a page for each first word. */
function declareChain() {
  const lines = defineModel({
    name: "n.lines",
    table: pipelineTable("lines", {
      path: text().notNull(),
      line: text().primaryKey(),
      first: text().notNull(),
    }),
    sources: { documents: documents({ content: true }) },
    forEach: "documents",
    async run({ row }) {
      const all = row.content.split("\n").filter((line) => line !== "");
      return all.map((line) => ({ path: row.path ?? "", line, first: line.slice(0, 1) }));
    },
  });
  const marks = defineModel({
    name: "n.marks",
    table: pipelineTable("marks", { line: text().primaryKey(), mark: text().notNull() }),
    sources: { lines: ref(lines, { columns: ["line"] }) },
    forEach: "lines",
    async run({ row, llm }) {
      const { output } = await llm.predict(mark, { line: row.line });
      return { line: row.line, mark: output.mark };
    },
  });
  const groups = defineModel({
    name: "n.groups",
    table: pipelineTable("groups", { first: text().primaryKey(), lines: integer().notNull() }),
    sources: { lines: ref(lines, { columns: ["line", "first"] }) },
    forEach: "lines",
    by: ["first"],
    async run({ key, rows }) {
      return { first: key.first, lines: rows.length };
    },
  });
  return [lines, marks, groups];
}

function markingModel(): LlmTransport {
  return {
    provider: "test",
    model: "marking",
    endpoint: "test",
    limiterKey: `marking ${Math.random()}`,
    call: async () => ({
      text: JSON.stringify({ mark: "good" }),
      finish: "stop",
      model: "marking",
      usage: { inputTokens: 100, outputTokens: 10, cachedInputTokens: 0 },
      rateLimit: undefined,
    }),
  };
}

const page = (name: string) => `a line of ${name}\nb line of ${name}\nc line of ${name}\n`;

test("what waits for an upstream is estimated: of a first run from a few units, later from earlier runs", async () => {
  const documentsOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [`${name}.md`, page(name)]));
  const names = Array.from({ length: 12 }, (_, index) => `n${index}`);
  const config = { llm: { model: markingModel(), price } };
  await using test_ = await createTestProject({ models: declareChain(), documents: documentsOf(names), config });
  const planned = async (name: string) => {
    const plan = await test_.project.plan();
    return { plan, model: plan.models.find(({ model }) => model === name) };
  };
  const shown = (plan: RunPlan) => renderPlan(plan, { colors: picocolors.createColors(false), width: 120 }).join("\n");

  const first = await planned("n.marks");
  expect(first.model).toMatchObject({
    work: 0,
    pendingWork: { low: 36, high: 36, basis: "3 rows per unit of n.lines" },
    cost: undefined,
    isCostUnknown: true,
  });
  expect(shown(first.plan)).toMatch(/n\.marks +0 +upstream pending: about 36 units +– +unknown/);
  expect(shown(first.plan)).toContain("the cost of language models is not known yet: n.marks");
  await test_.project.runPipeline();

  await test_.writeDocument("new.md", page("new"));
  await test_.writeDocument("newer.md", page("newer"));
  const { plan, model } = await planned("n.marks");
  const each = (100 * 2 + 10 * 8) / 1e6;
  expect(model?.pendingWork).toEqual({
    low: 6,
    high: 6,
    basis: "3 units per unit of n.lines, as in an earlier run",
  });
  expect(model?.cost?.lowUsd).toBeCloseTo(6 * each, 10);
  expect(model?.cost?.highUsd).toBeCloseTo(6 * each, 10);
  expect(model?.cost?.basis).toBe(
    "3 units per unit of n.lines, as in an earlier run; $0.00028 each, as in 36 earlier units",
  );
  expect(model?.estimate?.highMs).toBeGreaterThanOrEqual(model?.estimate?.lowMs ?? Infinity);
  expect(shown(plan)).toMatch(/n\.marks .*36 unchanged · upstream pending: about 6 units/);
  const result = await test_.project.runPipeline();
  expect(result.models["n.marks"]?.usage?.costUsd).toBeCloseTo(6 * each, 10);

  const full = (await test_.project.plan(undefined, { mode: "full" })).models.find((each) => each.model === "n.marks");
  expect(full).toMatchObject({ work: 42, pendingWork: { low: 0, high: 0 }, cost: { lowUsd: 0, highUsd: 0 } });
});
