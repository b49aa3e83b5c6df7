import { readFile } from "node:fs/promises";
import { UsageError } from "../core/errors.ts";
import { createLlm, type Llm } from "../llm/llm.ts";
import { type Example, readExamples } from "../llm/tuning/examples.ts";
import type { Signature } from "../llm/prompts/signature.ts";
import type { Project } from "../project/project.ts";
import type { ExitCode } from "./define-command.ts";
import { withInterrupt } from "./interrupt.ts";
import { METRIC_HELP } from "./read-metric.ts";

/** Options that evaluation and optimisation have in common. */
export const measureArgs = {
  signature: {
    type: "positional",
    required: true,
    description: "Signature by name, by a model that uses it, or as file.ts#name",
  },
  data: { type: "string", valueHint: "file", required: true, description: 'JSONL of {"input": …, "expected": …}' },
  metric: { type: "string", valueHint: "metric", default: "exact", description: METRIC_HELP },
  judge: { type: "string", valueHint: "model", description: "Language model for judge metrics, e.g. openai:gpt-4.1" },
  "with-reasoning": { type: "boolean", description: "Ask for reasoning first, like llm.chainOfThought" },
  concurrency: { type: "string", valueHint: "n", description: "Examples evaluated at once (default: 8)" },
  "max-cost": { type: "string", valueHint: "usd", description: "Budget for all calls, in US dollars" },
} as const;

/** Reads a file of examples; its path is as typed. */
export async function loadExamples(file: string, signature: Signature<unknown, unknown>): Promise<readonly Example[]> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new UsageError("FILE_NOT_FOUND", `No such file: ${file}.`, {
      cause: error,
      hint: "`millrace llm label` writes a file of examples to correct.",
    });
  });
  return readExamples(text, { file, signature });
}

/** The project's language model; its tuned prompts can be left aside. */
export async function openPromptLlm(
  project: Project,
  { signal, withoutPrograms = false }: { readonly signal: AbortSignal; readonly withoutPrograms?: boolean | undefined },
): Promise<Llm> {
  const { llm } = (await project.session()).runner;
  if (llm.isOffline)
    process.stderr.write(
      "No language model is configured: the offline model invents answers, so scores mean nothing.\n",
    );
  const source = withoutPrograms ? { ...llm, adopted: undefined } : llm;
  return createLlm(source, { signal, onUsage: () => undefined });
}

/** Lets Ctrl-C end it: what has been answered is kept, so that starting it again goes on from there. */
export function untilInterrupted(work: (signal: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  return withInterrupt(async (signal) => {
    try {
      return await work(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      process.stderr.write("Interrupted. Start again to continue: responses are cached.\n");
      return 130;
    }
  });
}

/** A score, as an option gives it. */
export function readScore(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const score = Number(text);
  if (text.trim() !== "" && score >= 0 && score <= 1) return score;
  throw new UsageError("OPTION_VALUE", `--${option} ${text}: expected a score from 0 to 1.`);
}
