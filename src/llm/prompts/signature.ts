import { z } from "zod";
import { UsageError } from "../../core/errors.ts";
import { sha256 } from "../../core/hash.ts";
import { canonicalJson } from "../../core/json.ts";
import { checkTunedPrompt, readTunedPrompt, type TunedPrompt } from "./tuned-prompt.ts";
import { type FieldsOf, parseFields } from "./signature-text.ts";

declare const inputType: unique symbol;
declare const outputType: unique symbol;

/** What a model is asked for: a name, instructions, and the shapes of what goes in and comes out. */
export interface Signature<Input, Output> {
  readonly kind: "signature";
  readonly name: string;
  readonly instructions: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** JSON Schema of the output. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Changes with the shapes, not with the instructions. */
  readonly fingerprint: string;
  /** The tuned prompt it is asked with, after `loadTunedPrompt`. */
  readonly artifact?: TunedPrompt;
  readonly [inputType]: Input;
  readonly [outputType]: Output;
}

export interface SignatureDeclaration<Input extends z.ZodObject, Output extends z.ZodObject> {
  /** Letters, digits and underscores: providers see it as the name of the answer's shape. */
  readonly name: string;
  readonly instructions: string;
  /** Descriptions of fields (`z.string().describe(…)`) are part of the prompt. */
  readonly input: Input;
  readonly output: Output;
}

/**
 * Declares what a model is asked for.
 *
 * @example
 * const classify = signature({
 *   name: "classify_ticket",
 *   instructions: "Classify the ticket.",
 *   input: z.object({ ticket: z.string() }),
 *   output: z.object({ topic: z.enum(["billing", "bug", "other"]), isUrgent: z.boolean() }),
 * });
 */
export function signature<Input extends z.ZodObject, Output extends z.ZodObject>(
  declaration: SignatureDeclaration<Input, Output>,
): Signature<z.input<Input>, z.output<Output>> {
  const { name, instructions, input, output } = declaration;
  if (!/^[a-zA-Z][a-zA-Z0-9_]{0,63}$/.test(name)) {
    throw new UsageError("SIGNATURE_NAME", `Invalid signature name "${name}".`, {
      hint: "Use at most 64 letters, digits and underscores: extract_invoice.",
    });
  }
  const schema = jsonSchemaOf(output, name, "output");
  const shapes = { input: jsonSchemaOf(input, name, "input"), output: schema };
  const made = {
    kind: "signature",
    name,
    instructions,
    input,
    output,
    schema,
    fingerprint: sha256(canonicalJson({ name, ...shapes })).slice(0, 32),
  };
  return Object.freeze(made) as unknown as Signature<z.input<Input>, z.output<Output>>;
}

function jsonSchemaOf(shape: z.ZodObject, name: string, side: "input" | "output"): Record<string, unknown> {
  try {
    const schema = z.toJSONSchema(shape, { io: "input" });
    // How a file is written down in a schema.
    if (!JSON.stringify(schema).includes('"contentEncoding":"binary"')) return schema;
  } catch (error) {
    throw notJson(name, side, error);
  }
  throw notJson(name, side);
}

const notJson = (name: string, side: string, cause?: unknown): UsageError =>
  new UsageError("SIGNATURE_TYPE", `The ${side} of signature "${name}" has a type that JSON does not have.`, {
    hint: "Use text, numbers, booleans, lists, objects and choices; bytes, such as images, are not supported yet.",
    cause,
  });

/**
 * Declares a flat signature as one line of text: fields, an arrow, fields. Types are `string`, `number`, `boolean`,
 * `string[]`, `number[]` and choices such as `"good" | "bad"`; a question mark makes a field optional.
 *
 * @example
 * const mood = signatureOf("review: string, year?: number -> mood: 'good' | 'bad', tags: string[]", {
 *   name: "mood",
 *   instructions: "How does the author feel?",
 * });
 */
export function signatureOf<const Text extends string>(
  text: Text,
  { name, instructions }: { readonly name: string; readonly instructions: string },
): Signature<FieldsOf<Text>["input"], FieldsOf<Text>["output"]> {
  const { input, output } = parseFields(text);
  return signature({ name, instructions, input, output }) as never;
}

/** A signature that is asked with the prompt of an artifact. Fails when the artifact was made for another signature. */
export function withTunedPrompt<Input, Output>(
  signature: Signature<Input, Output>,
  artifact: TunedPrompt,
  file?: string,
): Signature<Input, Output> {
  checkTunedPrompt(artifact, signature, { file });
  return Object.freeze({ ...signature, artifact });
}

/**
 * A signature that is asked with the prompt in a file. Fails when that was made for another signature.
 *
 * @example
 * const tuned = await loadTunedPrompt(classify, "programs/classify.json");
 */
export async function loadTunedPrompt<Input, Output>(
  signature: Signature<Input, Output>,
  file: string,
): Promise<Signature<Input, Output>> {
  return withTunedPrompt(signature, await readTunedPrompt(file), file);
}
