import { describe, expect, test } from "vitest";
import { z } from "zod";
import { parseAnswer } from "../../src/llm/answers/parse-answer.ts";
import { promptOf } from "../../src/llm/prompts/prompt.ts";
import { signature } from "../../src/llm/prompts/signature.ts";

const promptFor = (output: z.ZodObject) =>
  promptOf(signature({ name: "mood", instructions: "?", input: z.object({}), output }), {
    withReasoning: false,
  });
const mood = promptFor(z.object({ topic: z.enum(["bug", "praise"]), reason: z.string() }));
const read = (text: string, prompt = mood) => parseAnswer(prompt, { text, finish: "stop" });

const GOOD = { topic: "bug", reason: "it {fails}" };
const written = JSON.stringify(GOOD);

describe("an answer is read", () => {
  test.each([
    ["alone", written],
    ["with words around it", `Here it is: ${written} Hope that helps {smile}`],
    ["in the last of several fences", `Input:\n\`\`\`\nserver down\n\`\`\`\nAnswer:\n\`\`\`json\n${written}\n\`\`\``],
    ["behind thinking with braces", `<think>It is {"topic": one of three}. I take {bug}.</think>\n${written}`],
    [
      "behind thinking with a fence",
      `<think>\n\`\`\`json\n{"topic":"?"}\n\`\`\`\n</think>\n\`\`\`json\n${written}\n\`\`\``,
    ],
    ["behind thinking that an answer stands in", `<think>{"topic":"praise","reason":"no"}</think>${written}`],
    ["behind thinking whose beginning is not seen", `So it is {bug}.\n</think>\n\n${written}`],
    ["behind thinking of other models", `[THINK]{"topic":"?"}[/THINK]${written}`],
    ["behind a channel of thinking", `<|channel|>analysis<|message|>{x}<|end|><|channel|>final<|message|>${written}`],
    ["as text in text", JSON.stringify(written)],
    ["in a list of one", `[${written}]`],
    ["under the signature's name", JSON.stringify({ mood: GOOD })],
    ["with a tag in its own text", written.replace("it {fails}", "it {fails}")],
  ])("%s", (_name, text) => {
    expect(read(text)).toEqual(GOOD);
  });

  test("that speaks of thinking itself", () => {
    const answer = { topic: "bug", reason: "it prints </think> and ```json" };
    expect(read(`<think>Hm.</think>${JSON.stringify(answer)}`)).toEqual(answer);
  });

  test("in no time, though it is braces alone", () => {
    expect(() => read("{".repeat(200_000))).toThrow(/not JSON/);
  });
});

test("what Postgres cannot store is replaced, as in documents", () => {
  expect(read(String.raw`{"topic":"bug","reason":"cut \ud83d and \u0000 \ud83d\ude00"}`)).toEqual({
    topic: "bug",
    reason: "cut \uFFFD and \uFFFD 😀",
  });
});

describe("null for a field that was left out", () => {
  const line = z.object({ code: z.string().optional(), note: z.string().nullable() });
  const prompt = promptFor(
    z.object({
      reason: z.string().nullable(),
      note: z.string().optional(),
      lines: z.array(line).optional(),
      either: z.union([z.object({ kind: z.literal("a"), more: z.number().optional() }), z.string()]).optional(),
      byName: z.record(z.string(), z.number()).optional(),
    }),
  );

  test("is dropped where the field is optional, and kept where null is an answer", () => {
    const text = '{"reason":null,"note":null,"lines":[{"code":null,"note":null}],"either":{"kind":"a","more":null}}';
    expect(read(text, prompt)).toEqual({ reason: null, lines: [{ note: null }], either: { kind: "a" } });
  });

  test("is no answer for a field that is required, nor for a name of a record", () => {
    expect(() => read('{"topic":"bug","reason":null}')).toThrow(/reason/);
    expect(() => read('{"reason":null,"byName":{"x":null}}', prompt)).toThrow(/byName/);
  });
});
