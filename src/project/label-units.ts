import { UsageError } from "../core/errors.ts";
import { quoteList } from "../core/text.ts";
import type { AskedSignature } from "../llm/answers/ask.ts";
import type { Project } from "./project.ts";

/** What a model asked about a unit and was answered: an example, once a person has corrected the answer. */
export interface LabelRow {
  readonly unit: string;
  readonly input: unknown;
  readonly expected: unknown;
}

export interface Labels {
  readonly signature: string;
  readonly rows: readonly LabelRow[];
  /** Units whose answers are not kept, or that failed. */
  readonly skipped: number;
}

export interface LabelOptions {
  /** Units to take, always the same ones. */
  readonly count: number;
  /** Which signature, for a model that asks several. */
  readonly signature?: string | undefined;
  readonly signal: AbortSignal;
}

/** Goes over stored units once more with the answers that are kept, and writes down what the model asks. */
export async function labelUnits(
  project: Project,
  model: string,
  { count, signature, signal }: LabelOptions,
): Promise<Labels> {
  const tried = await project.units.try(model, { count, signal, onlyKept: true });
  const names = [...new Set(tried.flatMap(({ asked }) => asked.map((each) => each.signature)))].toSorted();
  const [name] = signature === undefined ? names : [signature];
  if (signature === undefined && names.length > 1) {
    throw new UsageError("SIGNATURE_AMBIGUOUS", `Model "${model}" uses several signatures: ${quoteList(names)}.`, {
      hint: `Choose one: --signature ${name}.`,
    });
  }
  if (name === undefined || !names.includes(name)) {
    const what = signature === undefined ? "language models" : `signature "${signature}"`;
    throw new UsageError("NOTHING_ASKED", `Model "${model}" has no stored answers of ${what}.`, {
      hint: `Run it first: \`millrace run ${model}\`.`,
    });
  }
  const rows = tried.flatMap(({ unit, asked }) =>
    asked.filter((each) => each.signature === name).map((each) => ({ unit, ...exampleOf(each) })),
  );
  return { signature: name, rows, skipped: tried.filter(({ error }) => error !== undefined).length };
}

// Reasoning is not a part of the answer that a person would correct.
function exampleOf({ input, output, withReasoning }: AskedSignature): Pick<LabelRow, "input" | "expected"> {
  if (!withReasoning) return { input, expected: output };
  const { reasoning: _, ...expected } = output as { readonly reasoning: string };
  return { input, expected };
}
