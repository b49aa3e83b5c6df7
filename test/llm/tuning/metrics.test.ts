import { describe, expect, test } from "vitest";
import { exactMatch, judge, meanOf, readExamples, setF1, splitExamples } from "millrace/llm";
import { offlineLlm } from "../../../src/llm/offline-llm.ts";
import { Random } from "../../../src/llm/tuning/random.ts";
import { chanceOfGain, confidenceInterval } from "../../../src/llm/tuning/statistics.ts";
import { startModelServer } from "../model-server.ts";
import { costOf, desk, llmAt, MemoryCache, metric, respond, startToyServer, tickets } from "./toy-task.ts";

const context = { input: {}, llm: offlineLlm() };

test("an exact match compares the fields that the example gives, whatever their order", () => {
  expect(exactMatch()({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 } }, context)).toBe(1);
  expect(exactMatch()({ a: 1, b: 2 }, { a: 1, b: 3 }, context)).toEqual({ score: 0, feedback: "Wrong: b." });
  expect(exactMatch(["a"])({ a: 1, b: 2 }, { a: 1, b: 3 }, context)).toBe(1);
});

describe("lists as sets", () => {
  const byName = setF1({ list: "items", by: ["name"] });
  const items = (...names: string[]) => ({ items: names.map((name) => ({ name, note: Math.random() })) });

  test("count what was found and what was right", () => {
    expect(byName(items("a", "b"), items("b", "a"), context)).toMatchObject({ score: 1 });
    expect(byName(items("a", "x"), items("a", "b", "c"), context)).toEqual({
      score: 0.4,
      feedback: 'Missing in items: ["b"], ["c"]. Wrong in items: ["x"].',
    });
    expect(byName(items(), items("a"), context)).toMatchObject({ score: 0 });
    expect(byName(items(), items(), context)).toBe(1);
    expect(byName(items("a", "a"), items("a"), context)).toMatchObject({ score: 1 });
  });

  test("differ in case unless told otherwise", () => {
    const loose = setF1({ list: "items", by: ["name"], ignoreCase: true });
    expect(byName(items("Redis"), items("redis"), context)).toMatchObject({ score: 0 });
    expect(loose(items(" Redis"), items("redis"), context)).toMatchObject({ score: 1 });
  });

  test("that are no lists are an error", () => {
    expect(() => byName({ items: "a" }, items("a"), context)).toThrow(/"items" is not a list/);
  });
});

test("a judge is asked by rubric, and its reasons are the feedback", async () => {
  const llm = offlineLlm({ respond: () => ({ reason: "Half of it.", score: 0.5 }) });
  const judged = await judge("Is it polite?")({ text: "no" }, undefined, { input: {}, llm });
  expect(judged).toEqual({ score: 0.5, feedback: "Half of it." });
  const both = meanOf(judge("Is it polite?"), () => 1);
  expect(await both({ text: "no" }, undefined, { input: {}, llm })).toEqual({ score: 0.75, feedback: "Half of it." });
});

test("intervals are Wilson's, and chance is how often tossed signs do as well", () => {
  expect(confidenceInterval([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])).toEqual([0.7225, 1]);
  expect(confidenceInterval([1, 0])).toEqual([0.0945, 0.9055]);
  const zeros = Array.from({ length: 10 }, () => 0);
  expect(chanceOfGain(zeros, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])).toBeCloseTo(1 / 32, 2);
  expect(chanceOfGain(zeros, [1, 1, 1, 1, 0, 0, 0, 0, 0, 0])).toBeGreaterThan(0.05);
  expect(chanceOfGain(zeros, zeros)).toBe(1);
});

test("a seed shuffles the same way everywhere", () => {
  expect(new Random(1).shuffle([1, 2, 3, 4, 5, 6])).toEqual(new Random(1).shuffle([1, 2, 3, 4, 5, 6]));
  expect(new Random(1).shuffle([1, 2, 3, 4, 5, 6])).not.toEqual(new Random(2).shuffle([1, 2, 3, 4, 5, 6]));
  const [first, second] = splitExamples(tickets(10), { share: 0.3, seed: 3 });
  expect([first.length, second.length]).toEqual([3, 7]);
  expect(new Set([...first, ...second]).size).toBe(10);
});

test("lines that do not fit are reported together, without their text", () => {
  const text = '{"input":{"ticket":"a"},"expected":{"desk":"D1"}}\n\n{"input":{},"expected":{}}\nsecret words\n';
  const read = () => readExamples(text, { file: "rows.jsonl", signature: desk });
  expect(read).toThrow(/line 3: ticket: [\s\S]*line 4: the line: /);
  expect(read).not.toThrow(/secret/);
  expect(readExamples(text.split("\n")[0]!, { file: "rows.jsonl", signature: desk })).toHaveLength(1);
});

test("an evaluation says how sure it is, what it cost, and what went wrong where", async () => {
  await using server = await startToyServer({
    faults: (index, attempt) => (index === 0 && attempt === 1 ? "refusal" : undefined),
  });
  const llm = llmAt(server, { cache: new MemoryCache() });
  const examples = tickets(8);
  const seen: number[] = [];
  const evaluation = await llm.evaluate(desk, {
    examples,
    metric,
    concurrency: 1,
    onProgress: ({ done, total }) => seen.push(done / total),
  });
  expect(evaluation).toMatchObject({ score: 0.125, failed: 1, interval: [0.0224, 0.4709] });
  expect(evaluation.examples[0]).toMatchObject({ index: 0, score: 0, error: "refusal", output: undefined });
  expect(evaluation.examples[1]).toMatchObject({ score: 0, output: { desk: "D1" }, feedback: "Wrong: desk." });
  expect(seen.at(-1)).toBe(1);
  expect(evaluation.spentUsd).toBeGreaterThan(0);
  const again = await llm.evaluate(desk, { examples, metric });
  expect(again.examples.filter(({ error }) => error === undefined)).toHaveLength(8);
  expect(again.spentUsd).toBeLessThan(evaluation.spentUsd!);
});

test("what a judge costs counts, and falls under the same sum", async () => {
  await using server = await startModelServer({
    respond: (request) =>
      request.messages[0]?.content.includes("by the rubric") === true
        ? { reason: "Sounds right.", score: request.prompt.includes("invoice") ? 1 : 0.5 }
        : respond(request),
  });
  const evaluation = await llmAt(server).evaluate(desk, { examples: tickets(8), metric: judge("Is it right?") });
  expect(evaluation).toMatchObject({ score: 0.625, failed: 0 });
  expect(evaluation.examples[1]?.feedback).toBe("Sounds right.");
  expect(server.requests).toBe(16);
  expect(evaluation.spentUsd).toBeCloseTo(costOf(server), 10);
  const again = llmAt(server).evaluate(desk, { examples: tickets(8), metric: judge("Is it right?"), maxCostUsd: 0.2 });
  const before = costOf(server);
  await expect(again).rejects.toMatchObject({ kind: "budget" });
  expect(costOf(server) - before).toBeLessThanOrEqual(0.2);
});

test("an evaluation without money, without examples or with a broken metric says so", async () => {
  await using server = await startToyServer();
  const llm = llmAt(server);
  const examples = tickets(8);
  await expect(llm.evaluate(desk, { examples, metric, maxCostUsd: 0.001 })).rejects.toMatchObject({ kind: "budget" });
  expect(server.requests).toBe(0);
  await expect(llm.evaluate(desk, { examples: [], metric })).rejects.toMatchObject({ code: "EXAMPLES_MISSING" });
  await expect(llm.evaluate(desk, { examples, metric: () => 2 })).rejects.toMatchObject({ code: "METRIC_SCORE" });
  const broken = () => {
    throw new TypeError("secret");
  };
  await expect(llm.evaluate(desk, { examples, metric: broken })).rejects.toMatchObject({
    code: "METRIC_FAILED",
    message: "The metric failed with a TypeError.",
  });
});
