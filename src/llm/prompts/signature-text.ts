import { z } from "zod";
import { UsageError } from "../../core/errors.ts";

type Trim<Text extends string> = Text extends ` ${infer Rest}`
  ? Trim<Rest>
  : Text extends `${infer Rest} `
    ? Trim<Rest>
    : Text;

type Unquote<Text extends string> = Text extends `"${infer Choice}"` | `'${infer Choice}'` ? Choice : never;
type ChoicesOf<Text extends string> = Text extends `${infer First}|${infer Rest}`
  ? Unquote<Trim<First>> | ChoicesOf<Rest>
  : Unquote<Trim<Text>>;
type TypeOf<Text extends string> = Text extends "string"
  ? string
  : Text extends "number"
    ? number
    : Text extends "boolean"
      ? boolean
      : Text extends "string[]"
        ? string[]
        : Text extends "number[]"
          ? number[]
          : ChoicesOf<Text>;

type FieldOf<Text extends string> = Text extends `${infer Name}?:${infer Type}`
  ? { [Key in Trim<Name>]?: TypeOf<Trim<Type>> | undefined }
  : Text extends `${infer Name}:${infer Type}`
    ? { [Key in Trim<Name>]: TypeOf<Trim<Type>> }
    : never;
type ListOf<Text extends string> = Text extends `${infer First},${infer Rest}`
  ? FieldOf<Trim<First>> & ListOf<Rest>
  : FieldOf<Trim<Text>>;
type Flat<Fields> = { [Key in keyof Fields]: Fields[Key] };

/** The types that a signature's text declares. */
export type FieldsOf<Text extends string> = Text extends `${infer Input}->${infer Output}`
  ? { input: Flat<ListOf<Input>>; output: Flat<ListOf<Output>> }
  : { input: never; output: never };

/** Reads `name: type, name?: type -> name: type`. */
export function parseFields(text: string): { readonly input: z.ZodObject; readonly output: z.ZodObject } {
  const sides = text.split("->");
  const [input, output] = sides;
  if (input === undefined || output === undefined || sides.length > 2)
    throw invalid(text, "it needs exactly one arrow, `->`");
  return { input: parseSide(input, text), output: parseSide(output, text) };
}

function parseSide(side: string, text: string): z.ZodObject {
  const fields = side.split(",").map((field): [string, z.ZodType] => {
    const [, name, optional, type] = /^\s*([a-zA-Z_]\w*)(\??)\s*:\s*(.+?)\s*$/.exec(field) ?? [];
    if (name === undefined || type === undefined) throw invalid(text, `"${field.trim()}" is not a field, name: type`);
    const parsed = parseType(type, text);
    return [name, optional === "?" ? parsed.optional() : parsed];
  });
  return z.object(Object.fromEntries(fields));
}

const TYPES: Readonly<Record<string, () => z.ZodType>> = {
  string: () => z.string(),
  number: () => z.number(),
  boolean: () => z.boolean(),
  "string[]": () => z.array(z.string()),
  "number[]": () => z.array(z.number()),
};

function parseType(type: string, text: string): z.ZodType {
  const known = TYPES[type];
  if (known !== undefined) return known();
  const choices = type.split("|").map((choice) => /^\s*(["'])(.*)\1\s*$/.exec(choice)?.[2]);
  const [first, ...others] = choices.filter((choice) => choice !== undefined);
  if (first === undefined || others.length + 1 < choices.length) throw invalid(text, `"${type}" is not a type`);
  return z.enum([first, ...others]);
}

function invalid(text: string, what: string): UsageError {
  return new UsageError("SIGNATURE_TEXT", `Invalid signature "${text}": ${what}.`, {
    hint: `Types are ${Object.keys(TYPES).join(", ")} and choices such as "good" | "bad"; use signature() for others.`,
  });
}
