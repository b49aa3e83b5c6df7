import { z } from "zod";
import { sha256 } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Signature } from "./signature.ts";
import type { LlmParams, LlmRequest } from "./transport.ts";

/** A signature as it is put to a model: its shape, with a field to think in if that is wanted. */
export interface Program {
  readonly name: string;
  readonly instructions: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly schema: Readonly<Record<string, unknown>>;
}

export function programOf(signature: Signature<unknown, unknown>, thinks: boolean): Program {
  if (!thinks) return signature;
  const reasoning = z.string().describe("Think step by step here, before the other fields.");
  const output = z.object({ reasoning, ...signature.output.shape });
  return { ...signature, output, schema: z.toJSONSchema(output, { io: "input" }) };
}

/** The whole prompt. Equal inputs give equal requests, so that answers can be found again. */
export function renderRequest(
  program: Program,
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
    `Answer with one JSON object that matches this JSON Schema:\n${canonicalJson(program.schema)}`,
  ].join("\n\n");
  const given = Object.entries(input)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}:\n${typeof value === "string" ? value : canonicalJson(value)}`);
  return {
    messages: [
      { role: "system", content: system },
      { role: "user", content: given.join("\n\n") },
    ],
    schema: { name: program.name, json: program.schema },
    params,
  };
}

/** What an answer is found under: everything that decides it, and nothing that is secret. */
export function requestKey(
  request: LlmRequest,
  transport: { readonly provider: string; readonly endpoint: string; readonly model: string },
): string {
  const { provider, endpoint, model } = transport;
  return sha256(canonicalJson({ v: 1, provider, endpoint, model, ...request }));
}
