import { canonicalJson } from "../core/json.ts";
import type { TunedPrompt } from "../llm/prompts/tuned-prompt.ts";
import type { Palette } from "./output.ts";

/** What differs between two tuned prompts, as a person reads it; empty when they say the same. */
export function renderArtifactDiff(
  { before, after }: { readonly before: TunedPrompt; readonly after: TunedPrompt },
  colors: Palette,
): readonly string[] {
  const paint = ({ mark, text }: Line) => {
    const line = `  ${mark} ${text}`;
    return mark === "+" ? colors.green(line) : mark === "-" ? colors.red(line) : colors.dim(line);
  };
  const section = (title: string, lines: readonly Line[]) =>
    lines.every(({ mark }) => mark === " ") ? [] : [colors.bold(title), ...lines.map(paint)];
  const shown = ({ demonstrations }: TunedPrompt) => demonstrations.map((each) => canonicalJson(each));
  return [
    ...section("instructions", diffLines(before.instructions.split("\n"), after.instructions.split("\n"))),
    ...section("demonstrations", diffLines(shown(before), shown(after))),
    ...section("measured", diffLines(facts(before), facts(after))),
  ];
}

interface Line {
  readonly mark: "+" | "-" | " ";
  readonly text: string;
}

function facts({ signature, asks, params, model, scores, data, search }: TunedPrompt): readonly string[] {
  return [
    `signature ${signature.name} ${signature.fingerprint.slice(0, 8)}`,
    `asks ${asks} ${canonicalJson(params)}`,
    `model ${model}`,
    `score ${scores.after} (before ${scores.before}, p = ${scores.chance})`,
    `data ${data.hash.slice(0, 8)}: ${data.train} to learn from, ${data.dev} to confirm with`,
    `search ${search.strategy}, seed ${search.seed}, teacher ${search.teacher}, cost ${search.costUsd ?? "unknown"}`,
  ];
}

/** The longest common sequence stays; what is left is taken out or put in. */
function diffLines(before: readonly string[], after: readonly string[]): readonly Line[] {
  const common = before.map(() => after.map(() => 0)).concat([after.map(() => 0)]);
  const at = (row: number, column: number) => common[row]?.[column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      const longest =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      (common[row] as number[])[column] = longest;
    }
  }
  const lines: Line[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const isSame = row < before.length && column < after.length && before[row] === after[column];
    const isRemoved = column >= after.length || (row < before.length && at(row + 1, column) >= at(row, column + 1));
    if (isSame) {
      lines.push({ mark: " ", text: before[row++] ?? "" });
      column += 1;
    } else if (isRemoved) lines.push({ mark: "-", text: before[row++] ?? "" });
    else lines.push({ mark: "+", text: after[column++] ?? "" });
  }
  return lines;
}
