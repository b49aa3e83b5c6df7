import type { Demonstration, Prompt } from "../prompts/prompt.ts";
import type { Example } from "./examples.ts";
import type { ScoredExample } from "./scorer.ts";
import type { Candidate, Search } from "./search.ts";

export interface DemonstrationOptions {
  /** How many sets of demonstrations are tried. */
  readonly candidates: number;
  /** Most demonstrations of a set. */
  readonly maxDemonstrations: number;
  /** How good an answer of the teacher must be to be shown. */
  readonly demonstrationScore: number;
}

/**
 * Searches for examples to show: the teacher answers the examples that teach, what it got right is shown, and random
 * sets of that are compared. Where it was wrong, the answer of the example itself is shown, if it is a whole one.
 */
export async function searchDemonstrations(
  search: Search,
  from: Candidate,
  { candidates, maxDemonstrations, demonstrationScore }: DemonstrationOptions,
): Promise<void> {
  const { teach, teacher, random } = search.options;
  const taught = await search.score(from.program, teach, teacher);
  if (taught === undefined) return;
  const pool = teach.flatMap((example, index) => {
    const answer = taught.examples[index];
    const isGood = answer !== undefined && answer.score >= demonstrationScore;
    return demonstrate(from.program, example, isGood ? answer : undefined);
  });
  if (pool.length === 0) {
    const remark = `No answer reached ${demonstrationScore} and no example has a complete answer, so there was nothing to demonstrate.`;
    search.remarks.push(remark);
    return;
  }
  for (let tried = 0; tried < candidates && !search.isOver; tried += 1) {
    const count = 1 + random.below(Math.min(maxDemonstrations, pool.length));
    await search.consider({ ...from.program, demonstrations: random.sample(pool, count) });
  }
}

function demonstrate(
  { output: shape }: Prompt,
  { input, expected }: Example,
  answer: ScoredExample | undefined,
): readonly Demonstration[] {
  const shown = input as Demonstration["input"];
  if (answer !== undefined) return [{ input: shown, output: answer.output as Demonstration["output"] }];
  const whole = shape.safeParse(expected);
  return whole.success ? [{ input: shown, output: whole.data }] : [];
}
