import { readFile } from "node:fs/promises";
import { z } from "zod";
import { UsageError } from "../../core/errors.ts";
import { sha256 } from "../../core/hash.ts";
import { canonicalJson } from "../../core/json.ts";

const FORMAT = "millrace/program@1";

const record = z.record(z.string(), z.unknown());
const score = z.number().min(0).max(1);

const schema = z.object({
  format: z.literal(FORMAT),
  signature: z.object({ name: z.string(), fingerprint: z.string() }),
  /** How it was asked: `chainOfThought` has a field to think in, which demonstrations show too. */
  asks: z.enum(["predict", "chainOfThought"]),
  /** Line by line, so that a person and a diff can read them. */
  instructions: z.array(z.string()).transform((lines) => lines.join("\n")),
  demonstrations: z.array(z.object({ input: record, output: record })),
  /** What it was measured with. How it is asked is up to the project's settings, as for any prompt. */
  model: z.string(),
  params: z.object({
    temperature: z.number().optional(),
    maxOutputTokens: z.number().optional(),
    seed: z.number().optional(),
    providerOptions: z.record(z.string(), record).optional(),
  }),
  /** On examples that the search never saw. */
  scores: z.object({ before: score, after: score, interval: z.tuple([score, score]), chance: z.number() }),
  data: z.object({ hash: z.string(), train: z.number(), dev: z.number() }),
  search: z.object({
    strategy: z.string(),
    seed: z.number(),
    teacher: z.string(),
    candidates: z.number(),
    costUsd: z.number().nullable(),
  }),
});

/** A tuned prompt with all that is needed to trust it: what it is for, how it was found, how well it did. */
export type TunedPrompt = z.output<typeof schema>;

/** The file's text: the same artifact gives the same bytes. */
export function formatTunedPrompt({ instructions, ...artifact }: TunedPrompt): string {
  const { format, signature, asks, ...rest } = artifact;
  return `${JSON.stringify({ format, signature, asks, instructions: instructions.split("\n"), ...rest }, null, 2)}\n`;
}

/** Reads the text of an artifact; undefined for JSON that is something else. */
export function parseTunedPrompt(text: string, file: string): TunedPrompt | undefined {
  const value = readJson(text, file);
  const format = (value as { readonly format?: unknown } | null)?.format;
  if (typeof format !== "string" || !format.startsWith("millrace/program@")) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UsageError(
    "TUNED_PROMPT_INVALID",
    `${file} is not a valid tuned prompt:\n${z.prettifyError(result.error)}`,
    {
      hint: "Fix the file, or regenerate it with `millrace llm optimize`.",
    },
  );
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError("TUNED_PROMPT_INVALID", `${file} is not JSON.`, {
      cause: error,
      hint: "Fix the file, or regenerate it with `millrace llm optimize`.",
    });
  }
}

/** Reads an artifact from a file that has to be one. */
export async function readTunedPrompt(file: string): Promise<TunedPrompt> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new UsageError("TUNED_PROMPT_NOT_FOUND", `There is no tuned prompt at ${file}.`, {
      cause: error,
      hint: "`millrace llm optimize` writes one when it has found a better prompt.",
    });
  });
  const artifact = parseTunedPrompt(text, file);
  if (artifact !== undefined) return artifact;
  throw new UsageError("TUNED_PROMPT_INVALID", `${file} is JSON, but not a tuned prompt.`, {
    hint: "`millrace llm optimize` writes one when it has found a better prompt.",
  });
}

/** Fails when an artifact was made for another signature, or for another way to ask: it would quietly do harm. */
export function checkTunedPrompt(
  artifact: TunedPrompt,
  signature: { readonly name: string; readonly fingerprint: string },
  { asks = artifact.asks, file }: { readonly asks?: TunedPrompt["asks"]; readonly file?: string | undefined } = {},
): void {
  const { name, fingerprint } = artifact.signature;
  const which = file ?? `The tuned prompt of ${name}`;
  if (name !== signature.name || fingerprint !== signature.fingerprint) {
    const what = name === signature.name ? `another shape of ${name}` : `signature ${name}, not for ${signature.name}`;
    throw new UsageError("TUNED_PROMPT_SIGNATURE", `${which} was made for ${what}.`, {
      hint: `Tune ${signature.name} again, or remove ${file ?? "its tuned prompt"}.`,
      details: { made: fingerprint, found: signature.fingerprint },
    });
  }
  if (asks === artifact.asks) return;
  throw new UsageError("TUNED_PROMPT_CALL", `${which} was made for llm.${artifact.asks}, not for llm.${asks}.`, {
    hint: `Call llm.${artifact.asks}, or tune it with \`withReasoning: ${String(asks === "chainOfThought")}\`.`,
  });
}

/** Changes with what is said to the model, not with scores or costs. */
export function promptDigest({ instructions, demonstrations, asks }: TunedPrompt): string {
  return sha256(canonicalJson({ instructions, demonstrations, asks })).slice(0, 32);
}

export const TUNED_PROMPT_FORMAT = FORMAT;
