import type { Demonstration, Program } from "../program.ts";
import type { Example } from "./examples.ts";
import type { ScoredExample } from "./scorer.ts";
import type { Candidate, Search } from "./search.ts";

export interface DemonstrationOptions {
  /** How many sets of demonstrations are tried. */
  readonly candidates: number;
  /** Most demonstrations of a set. */
  readonly maxDemonstrations: number;
}

/**
 * Searches for examples to show: the teacher answers the examples that teach, what it got right is shown, and random
 * sets of that are compared. Where it was wrong, the answer of the example itself is shown, if it is a whole one.
 */
export async function searchDemonstrations(
  search: Search,
  from: Candidate,
  { candidates, maxDemonstrations }: DemonstrationOptions,
): Promise<void> {
  const { teach, teacher, random } = search.options;
  const taught = await search.score(from.program, teach, teacher);
  if (taught === undefined) return;
  const pool = teach.flatMap((example, index) => demonstrate(from.program, example, taught.examples[index]));
  if (pool.length === 0) return;
  for (let tried = 0; tried < candidates && !search.isExhausted; tried += 1) {
    const count = 1 + random.below(Math.min(maxDemonstrations, pool.length));
    await search.consider({ ...from.program, demonstrations: random.sample(pool, count) });
  }
}

function demonstrate(
  { output: shape }: Program,
  { input, expected }: Example,
  taught: ScoredExample | undefined,
): readonly Demonstration[] {
  const shown = input as Demonstration["input"];
  if (taught?.score === 1) return [{ input: shown, output: taught.output as Demonstration["output"] }];
  const whole = shape.safeParse(expected);
  return whole.success ? [{ input: shown, output: whole.data }] : [];
}
