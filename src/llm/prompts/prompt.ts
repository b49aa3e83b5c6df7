import { z } from "zod";
import { sha256 } from "../../core/hash.ts";
import { canonicalJson } from "../../core/json.ts";
import { adoptedFile } from "./adopted-prompts.ts";
import { type TunedPrompt, checkTunedPrompt } from "./tuned-prompt.ts";
import type { Signature } from "./signature.ts";
import type { LlmMessage, LlmParams, LlmRequest } from "../calls/transport.ts";

/** One example that a model is shown: what it was given, and what it was right to answer. */
export interface Demonstration {
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, unknown>>;
}

/** A signature as it is sent to a model: its shape, with a reasoning field if wanted. */
export interface Prompt {
  readonly name: string;
  readonly instructions: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly demonstrations: readonly Demonstration[];
}

/** `adopted` is the tuned prompt of the project; one that the signature brings along comes first. */
export function promptOf(
  signature: Signature<unknown, unknown>,
  { withReasoning, adopted }: { readonly withReasoning: boolean; readonly adopted?: TunedPrompt | undefined },
): Prompt {
  const shape = shapeOf(signature, withReasoning);
  const artifact = signature.artifact ?? adopted;
  if (artifact === undefined) return { ...shape, demonstrations: [] };
  checkTunedPrompt(artifact, signature, {
    asks: withReasoning ? "chainOfThought" : "predict",
    file: artifact === adopted ? adoptedFile(signature.name) : undefined,
  });
  const { instructions, demonstrations } = artifact;
  return { ...shape, instructions, demonstrations };
}

function shapeOf(signature: Signature<unknown, unknown>, withReasoning: boolean): Omit<Prompt, "demonstrations"> {
  if (!withReasoning) return signature;
  const reasoning = z.string().describe("Think step by step here, before the other fields.");
  const output = z.object({ reasoning, ...signature.output.shape });
  return { ...signature, output, schema: z.toJSONSchema(output, { io: "input" }) };
}

/** The whole prompt. Equal inputs give equal requests, so that answers can be found again. */
export function renderRequest(
  program: Prompt,
  input: Readonly<Record<string, unknown>>,
  params: LlmParams,
): LlmRequest {
  const described = Object.entries(program.input.shape).flatMap(([name, field]) => {
    const { description } = field as z.ZodType;
    return description === undefined ? [] : [`- ${name}: ${description}`];
  });
  const system = [
    program.instructions,
    ...(described.length === 0 ? [] : [`You are given:\n${described.join("\n")}`]),
    `Answer with one JSON object that matches this JSON Schema:\n${textOf(program.schema)}`,
  ].join("\n\n");
  return {
    messages: [
      { role: "system", content: system },
      ...program.demonstrations.flatMap((shown): LlmMessage[] => [
        { role: "user", content: renderInput(shown.input) },
        { role: "assistant", content: JSON.stringify(shown.output) },
      ]),
      { role: "user", content: renderInput(input) },
    ],
    schema: { name: program.name, json: program.schema },
    params,
  };
}

function renderInput(input: Readonly<Record<string, unknown>>): string {
  return Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}:\n${typeof value === "string" ? value : canonicalJson(value)}`)
    .join("\n\n");
}

const schemaTexts = new WeakMap<object, string>();

// A schema is the same object for all calls of its signature, and long.
function textOf(schema: Prompt["schema"]): string {
  const text = schemaTexts.get(schema) ?? canonicalJson(schema);
  schemaTexts.set(schema, text);
  return text;
}

/** What an answer is found under: everything that decides it, and nothing that is secret. */
export function requestKey(
  request: LlmRequest,
  transport: { readonly provider: string; readonly endpoint: string; readonly model: string },
): string {
  const { provider, endpoint, model } = transport;
  return sha256(canonicalJson({ v: 1, provider, endpoint, model, ...request }));
}
