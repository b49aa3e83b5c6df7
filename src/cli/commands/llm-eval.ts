import { resolve } from "node:path";
import { plural } from "../../core/text.ts";
import { formatCost } from "../../display/describe-model.ts";
import { renderTable } from "../../display/render-table.ts";
import type { Evaluation } from "../../llm/optimize/evaluate.ts";
import { loadProgram } from "../../llm/optimize/artifact.ts";
import { findSignature } from "../../run/find-signature.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { loadExamples, measureArgs, openPromptLlm, readAmount, untilInterrupted } from "../prompt-options.ts";
import { readCount } from "../read-options.ts";
import { readMetric } from "../read-metric.ts";

const MOST_SHOWN = 10;
/** Characters of what a metric says; `--json` has all of it. */
const MOST_TEXT = 100;

export default defineCommand({
  args: {
    ...measureArgs,
    ...projectArgs,
    program: { type: "string", valueHint: "file", description: "A tuned prompt, instead of the one in programs/" },
    "without-programs": { type: "boolean", description: "Leave the tuned prompts in programs/ aside" },
    "min-score": { type: "string", valueHint: "0..1", description: "Exit with 1 when the score is lower" },
    ...jsonArgs,
  },
  examples: [
    ["llm eval extract_knowledge --data dev.jsonl --metric f1:entities:name,entityType", "how well it is answered"],
    ["llm eval helpers/prompts.ts#classify --data dev.jsonl --min-score 0.8", "as a check in CI"],
    ["llm eval classify --data dev.jsonl --without-programs", "as it was before it was tuned"],
  ],
  async run({ args }) {
    const concurrency = readCount("concurrency", args.concurrency);
    const maxCostUsd = readAmount("max-cost", args["max-cost"]);
    const least = readAmount("min-score", args["min-score"]) ?? 0;
    await using project = await openCliProject(args);
    const declared = await findSignature(project, args.signature);
    const signature = args.program === undefined ? declared : await loadProgram(declared, resolve(args.program));
    const examples = await loadExamples(args.data, signature);
    const metric = await readMetric(project, args.metric);
    return await untilInterrupted(async (signal) => {
      const llm = await openPromptLlm(project, { signal, withoutPrograms: args["without-programs"] });
      const evaluation = await llm.evaluate(signature, {
        examples,
        metric,
        thinks: args.thinks === true,
        ...(args.judge === undefined ? {} : { judge: args.judge }),
        ...(concurrency === undefined ? {} : { concurrency }),
        ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      });
      if (args.json === true) printJson(evaluation);
      else show(signature.name, evaluation);
      return evaluation.score < least ? 1 : 0;
    });
  },
});

function show(name: string, evaluation: Evaluation): void {
  const { colors, width, lines } = createPrinter();
  const { score, interval, examples, failed, spentUsd, model } = evaluation;
  const cost = spentUsd === null ? "cost unknown" : `${formatCost(spentUsd)} spent`;
  lines([
    `${colors.bold(name)} ${colors.bold(score.toFixed(3))} ${colors.dim(`(95 %: ${interval[0].toFixed(3)} to ${interval[1].toFixed(3)})`)}`,
    colors.dim(`${plural(examples.length, "example")} · ${failed} without an answer · ${cost} · ${model}`),
  ]);
  const worst = examples
    .filter((example) => example.score < 1)
    .toSorted((a, b) => a.score - b.score || a.index - b.index)
    .slice(0, MOST_SHOWN);
  if (worst.length === 0) return;
  const rows = worst.map((each) => [
    each.index + 1,
    Number(each.score.toFixed(3)),
    each.error ?? cut(each.feedback ?? ""),
  ]);
  lines(["", ...renderTable({ columns: ["example", "score", "what"], rows, colors, width })]);
}

const cut = (text: string) => (text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}…`);
