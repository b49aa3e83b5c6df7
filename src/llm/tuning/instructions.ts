import { z } from "zod";
import { canonicalJson } from "../../core/json.ts";
import { LlmError } from "../calls/llm-error.ts";
import type { Prompt } from "../prompts/prompt.ts";
import { signature } from "../prompts/signature.ts";
import { CostMeter } from "./cost-meter.ts";
import type { CostMeterOptions } from "./cost-meter.ts";
import type { Example } from "./examples.ts";
import type { Random } from "./random.ts";
import type { Scored } from "./scorer.ts";
import type { Candidate, Search } from "./search.ts";

const improveInstructions = signature({
  name: "improve_instructions",
  instructions: [
    "You improve the instructions that a language model is given for a task.",
    "You see the instructions, and how it answered some examples with them.",
    "Find out what the wrong answers have in common and which rule, fact or convention the model does not know.",
    "Then write the whole instructions anew. Keep what works. State the rules that were missing so that they hold for",
    "any input, not for these examples alone, and do not repeat the examples.",
  ].join("\n"),
  input: z.object({
    instructions: z.string().describe("the instructions as they are"),
    examples: z
      .array(
        z.object({
          input: z.string(),
          answer: z.string(),
          expected: z.string(),
          score: z.number().describe("0 is wrong, 1 is right"),
          feedback: z.string().optional(),
        }),
      )
      .describe("what the model was given, what it answered, what was right"),
  }),
  output: z.object({
    diagnosis: z.string().describe("what the wrong answers have in common"),
    instructions: z.string().min(1).describe("the whole new instructions"),
  }),
});

export interface InstructionOptions {
  /** How many proposals are asked for. */
  readonly rounds: number;
  readonly account: CostMeterOptions;
}

const MINIBATCH = 6;

/**
 * Lets the teacher rewrite instructions by what went wrong. A proposal first has to do better on the few examples that
 * it was made from; then it is scored in full. Every candidate that is best at some example can be the next one's
 * origin, so that one that is good at something rare is not lost.
 */
export async function searchInstructions(search: Search, { rounds, account }: InstructionOptions): Promise<void> {
  const { teach, random } = search.options;
  for (let round = 0; round < rounds && !search.isOver; round += 1) {
    const parent = chooseParent(search.candidates, random);
    if (parent === undefined) return;
    const examples = random.sample(teach, MINIBATCH);
    const before = await search.score(parent.program, examples);
    if (before === undefined) return;
    if (before.score === 1) continue;
    const instructions = await propose(search, { program: parent.program, examples, scored: before }, account);
    if (instructions === undefined || instructions === parent.program.instructions) continue;
    const program = { ...parent.program, instructions };
    const after = await search.score(program, examples);
    if (after !== undefined && after.score > before.score) await search.consider(program);
  }
}

/** One of those that are best at some example, the likelier the more examples these are. */
function chooseParent(candidates: readonly Candidate[], random: Random): Candidate | undefined {
  const best = (candidates[0]?.scored.examples ?? []).map((_, index) =>
    Math.max(...candidates.map((candidate) => scoreAt(candidate, index))),
  );
  const weighed = candidates.map((item) => ({
    item,
    weight: best.filter((score, index) => scoreAt(item, index) === score).length,
  }));
  return random.choose(weighed);
}

const scoreAt = ({ scored }: Candidate, index: number) => scored.examples[index]?.score ?? 0;

async function propose(
  search: Search,
  shown: { readonly program: Prompt; readonly examples: readonly Example[]; readonly scored: Scored },
  options: CostMeterOptions,
): Promise<string | undefined> {
  const account = new CostMeter(options);
  const input = {
    instructions: shown.program.instructions,
    examples: shown.scored.examples.map(({ index, score, output, error, feedback }) => ({
      input: canonicalJson(shown.examples[index]?.input),
      answer: error === undefined ? canonicalJson(output) : `none: ${error}`,
      expected: canonicalJson(shown.examples[index]?.expected),
      score,
      ...(feedback === undefined ? {} : { feedback }),
    })),
  };
  try {
    const { signal } = options.caller;
    const asked = await search.spend(() =>
      account.predict(search.options.teacher, improveInstructions, { input, signal }),
    );
    return asked?.output.instructions.trim();
  } catch (error) {
    // A teacher that gives no usable proposal has lost its turn.
    if (error instanceof LlmError && !error.isFatal && error.kind !== "aborted") return undefined;
    throw error;
  } finally {
    search.add(account.costs, 0);
  }
}
