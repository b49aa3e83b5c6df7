import { z } from "zod";
import { UsageError } from "../../core/errors.ts";
import { sha256 } from "../../core/hash.ts";
import { canonicalJson } from "../../core/json.ts";
import type { Signature } from "../prompts/signature.ts";
import { Random } from "./random.ts";

/** One input, and what a person says is the right answer to it: all of the answer, or the parts that count. */
export interface Example<Input = unknown, Expected = unknown> {
  readonly input: Input;
  readonly expected: Expected;
}

const record = z.record(z.string(), z.unknown());
// A judge may do without a right answer: then it is null.
const line = z.object({ input: record, expected: record.nullable() });

/** Reads JSONL, `{ "input": {…}, "expected": {…} }` a line, and reports every line that does not fit at once. */
export function readExamples<Input, Output>(
  text: string,
  { file, signature }: { readonly file: string; readonly signature: Signature<Input, Output> },
): readonly Example<Input, Partial<Output>>[] {
  const problems: string[] = [];
  const examples = text.split(/\r?\n/).flatMap((row, index): Example<Input, Partial<Output>>[] => {
    if (row.trim() === "") return [];
    const value = parseLine(row);
    const parsed = line.safeParse(value);
    const input = parsed.success ? signature.input.safeParse(parsed.data.input) : parsed;
    // Paths and rules only: the values are text of documents.
    for (const issue of input.error?.issues ?? [])
      problems.push(`  line ${index + 1}: ${issue.path.join(".") || "the line"}: ${issue.message}`);
    return parsed.success ? [parsed.data as Example<Input, Partial<Output>>] : [];
  });
  if (problems.length === 0) return examples;
  throw new UsageError("EXAMPLES_INVALID", `${file} has invalid lines:\n${problems.slice(0, 20).join("\n")}`, {
    hint: `Each line is {"input": …, "expected": …} with an input of ${signature.name}; \`millrace llm label\` writes such lines.`,
  });
}

function parseLine(row: string): unknown {
  try {
    return JSON.parse(row) as unknown;
  } catch {
    return undefined;
  }
}

/** Identifies the data that something was measured with. */
export function hashExamples(parts: Readonly<Record<string, readonly Example[]>>): string {
  return sha256(canonicalJson(parts));
}

/** Cuts examples in two, always the same way for a seed; `share` of them, rounded, come first. */
export function splitExamples<One extends Example>(
  examples: readonly One[],
  { share, seed }: { readonly share: number; readonly seed: number },
): readonly [readonly One[], readonly One[]] {
  const shuffled = new Random(seed).shuffle(examples);
  const cut = Math.round(examples.length * share);
  return [shuffled.slice(0, cut), shuffled.slice(cut)];
}

// With fewer examples, even five answers corrected could not be distinguished from chance.
const LEAST_DEV = 5;
const LEAST_TRAIN = 4;

/** Fails if an optimisation could not distinguish a gain from chance, or would fool itself. */
export function checkExamples(train: readonly Example[], dev: readonly Example[]): void {
  if (train.length < LEAST_TRAIN || dev.length < LEAST_DEV) {
    const message = `Tuning needs at least ${LEAST_TRAIN} examples to learn from and ${LEAST_DEV} to confirm with; there are ${train.length} and ${dev.length}.`;
    throw new UsageError("EXAMPLES_TOO_FEW", message, {
      hint: "`millrace llm label` writes more examples to correct; with fifty of each, small gains can be told from chance.",
    });
  }
  const known = new Set(train.map(({ input }) => canonicalJson(input)));
  const shared = dev.filter(({ input }) => known.has(canonicalJson(input))).length;
  if (shared === 0) return;
  throw new UsageError("EXAMPLES_OVERLAP", `${shared} of the held-out examples are among those to learn from.`, {
    hint: "Remove them from one of the two: a prompt must not be confirmed with the examples it was made from.",
  });
}
