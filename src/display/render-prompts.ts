import { plural } from "../core/text.ts";
import type { Evaluation } from "../llm/tuning/evaluate.ts";
import type { Optimization, OptimizeProgress } from "../llm/tuning/optimization.ts";
import { formatCost } from "./describe-model.ts";
import type { Palette } from "./output.ts";
import { renderTable } from "./render-table.ts";

const MAX_EXAMPLES = 10;
/** Characters of what a metric says; `--json` has all of it. */
const MAX_TEXT_LENGTH = 100;

interface Look {
  readonly colors: Palette;
  readonly width: number;
}

/** A score with how sure it is, what it cost, and the examples that did worst. */
export function renderEvaluation(name: string, evaluation: Evaluation, { colors, width }: Look): readonly string[] {
  const { score, interval, examples, failed, model } = evaluation;
  const range = `(95 %: ${interval.map((end) => end.toFixed(3)).join(" to ")})`;
  const worst = examples
    .filter((example) => example.score < 1)
    .toSorted((a, b) => a.score - b.score || a.index - b.index)
    .slice(0, MAX_EXAMPLES);
  const rows = worst.map(({ index, score, error, feedback = "" }) => [
    index + 1,
    Number(score.toFixed(3)),
    error ?? (feedback.length <= MAX_TEXT_LENGTH ? feedback : `${feedback.slice(0, MAX_TEXT_LENGTH)}…`),
  ]);
  return [
    `${colors.bold(name)} ${colors.bold(score.toFixed(3))} ${colors.dim(range)}`,
    colors.dim(`${plural(examples.length, "example")} · ${failed} without an answer · ${spent(evaluation)} · ${model}`),
    ...(rows.length === 0 ? [] : ["", ...renderTable({ columns: ["example", "score", "what"], rows, colors, width })]),
  ];
}

/** One line for each prompt that was scored. */
export function renderOptimizeProgress({ stage, candidates, bestScore, costUsd }: OptimizeProgress): string {
  const what = { measure: "measuring the present prompt", search: plural(candidates, "prompt"), confirm: "confirming" };
  const best = bestScore === undefined ? [] : [`best ${bestScore.toFixed(3)}`];
  return [what[stage], ...best, ...(costUsd === null ? [] : [formatCost(costUsd)])].join(" · ");
}

/** What came of a search: the gain and where it is written, or why there is none. */
export function renderOptimization(
  found: Optimization,
  { name, file, colors }: { readonly name: string; readonly file: string; readonly colors: Palette },
): readonly string[] {
  const tried = colors.dim(`${plural(found.candidates, "prompt")} tried · ${spent(found)}`);
  if (!found.improved) return [`${colors.bold(name)} stays as it is. ${found.reason}`, tried];
  const gain = `${found.before.toFixed(3)} → ${found.after.toFixed(3)}`;
  const chance = colors.dim(`on held-out examples (p = ${found.chance})`);
  return [`${colors.bold(name)} ${colors.green(gain)} ${chance}`, tried, `written to ${file}`];
}

const spent = ({ spentUsd }: { readonly spentUsd: number | null }) =>
  spentUsd === null ? "cost unknown" : `${formatCost(spentUsd)} spent`;
