import { z } from "zod";
import { UsageError } from "../../core/errors.ts";
import { canonicalJson } from "../../core/json.ts";
import type { Predictor } from "../answers/llm-source.ts";
import { signature } from "../prompts/signature.ts";

/** A score with what was wrong, in words: proposals of better instructions are made from them. */
export interface Judgement {
  readonly score: number;
  readonly feedback?: string | undefined;
}

/** What a metric gets in addition to the answer and the example. */
export interface MetricContext<Input = unknown> {
  readonly input: Input;
  /** Asks on the account of the evaluation. */
  readonly llm: Predictor;
}

/** Scores an answer from 0 to 1. */
export type Metric<Output = unknown, Expected = unknown, Input = unknown> = (
  output: Output,
  expected: Expected,
  context: MetricContext<Input>,
) => number | Judgement | Promise<number | Judgement>;

type Fields = Readonly<Record<string, unknown>>;

/** 1 when every field that the example gives is answered exactly so; with `fields`, only those count. */
export function exactMatch(fields?: readonly string[]): Metric {
  return (output, expected) => {
    const wanted = expected as Fields;
    const wrong = (fields ?? Object.keys(wanted)).filter(
      (field) => canonicalJson((output as Fields)[field] ?? null) !== canonicalJson(wanted[field] ?? null),
    );
    return wrong.length === 0 ? 1 : { score: 0, feedback: `Wrong: ${wrong.join(", ")}.` };
  };
}

/** Which list is compared, and what makes two of its items the same. */
export interface SetF1Options {
  /** Field that holds the list. */
  readonly list: string;
  /** Fields that say which item it is; items as a whole unless given. */
  readonly by?: readonly string[];
  /** Takes texts for equal that differ in case or in spaces at their ends. */
  readonly ignoreCase?: boolean;
}

/**
 * How well two lists agree as sets: the harmonic mean of the share of found items that are right and the share of right
 * items that were found. Two empty lists agree.
 */
export function setF1({ list, by, ignoreCase = false }: SetF1Options): Metric {
  const nameOf = (item: unknown): string => {
    const key = by === undefined ? item : by.map((field) => (item as Fields)[field] ?? null);
    const name = canonicalJson(key);
    return ignoreCase ? name.toLowerCase().replaceAll(/"\s+|\s+"/g, '"') : name;
  };
  return (output, expected) => {
    const found = new Set(itemsOf(output, list).map(nameOf));
    const right = new Set(itemsOf(expected, list).map(nameOf));
    if (found.size + right.size === 0) return 1;
    const missed = [...right].filter((name) => !found.has(name));
    const extra = [...found].filter((name) => !right.has(name));
    const score = (2 * (right.size - missed.length)) / (found.size + right.size);
    const said = [
      ...(missed.length === 0 ? [] : [`Missing in ${list}: ${missed.join(", ")}.`]),
      ...(extra.length === 0 ? [] : [`Wrong in ${list}: ${extra.join(", ")}.`]),
    ];
    return { score, feedback: said.join(" ") };
  };
}

function itemsOf(value: unknown, list: string): readonly unknown[] {
  const items = (value as Fields | undefined)?.[list] ?? [];
  if (Array.isArray(items)) return items as unknown[];
  throw new UsageError(
    "METRIC_FIELD",
    `"${list}" is not a list in an answer or an example, so it cannot be compared.`,
    {
      hint: "Name a field that is a list in the signature's output.",
    },
  );
}

/** The mean of several metrics. */
export function meanOf<Output, Expected, Input>(
  ...metrics: readonly Metric<Output, Expected, Input>[]
): Metric<Output, Expected, Input> {
  return async (output, expected, context) => {
    const judged = await Promise.all(
      metrics.map(async (metric) => asJudgement(await metric(output, expected, context))),
    );
    const feedback = judged.flatMap((each) => (each.feedback === undefined ? [] : [each.feedback])).join(" ");
    return { score: judged.reduce((sum, { score }) => sum + score, 0) / judged.length, feedback };
  };
}

const judgeAnswer = signature({
  name: "judge_answer",
  instructions: [
    "Judge an answer by the rubric.",
    "Give 1 when it meets the rubric in full, 0 when it does not at all, and a number between where it does in part.",
    "Where a right answer is given, hold the answer to its meaning, not to its words.",
  ].join("\n"),
  input: z.object({
    rubric: z.string(),
    input: z.string().describe("what was asked about, JSON"),
    expected: z.string().optional().describe("a right answer, JSON"),
    answer: z.string().describe("the answer to judge, JSON"),
  }),
  output: z.object({
    reason: z.string().describe("what is right and what is wrong, one or two sentences"),
    score: z.number().min(0).max(1),
  }),
});

/** Lets a language model judge by a rubric; its reasons are the feedback. What it costs counts. */
export function judge(rubric: string): Metric {
  return async (output, expected, { input, llm }) => {
    const judged = await llm.predict(judgeAnswer, {
      rubric,
      input: canonicalJson(input),
      answer: canonicalJson(output),
      ...(expected === undefined || expected === null ? {} : { expected: canonicalJson(expected) }),
    });
    return { score: judged.output.score, feedback: judged.output.reason };
  };
}

export function asJudgement(given: number | Judgement): Judgement {
  const judgement = typeof given === "number" ? { score: given } : given;
  if (judgement.score >= 0 && judgement.score <= 1) return judgement;
  throw new UsageError("METRIC_SCORE", `The metric returned ${judgement.score}, which is not a number from 0 to 1.`, {
    hint: "Return a number from 0 to 1, or { score, feedback }.",
  });
}
