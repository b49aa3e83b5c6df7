import { expectTypeOf, test } from "vitest";
import { exactMatch, type Llm, setF1, signature } from "millrace/llm";
import { z } from "zod";

const topic = signature({
  name: "topic",
  instructions: "",
  input: z.object({ content: z.string() }),
  output: z.object({ topic: z.enum(["a", "b"]), tags: z.array(z.string()) }),
});

test("a metric sees the answer and the example as they are declared", async () => {
  const llm = {} as Llm;
  const evaluation = await llm.evaluate(topic, {
    examples: [{ input: { content: "x" }, expected: { topic: "a" as const } }],
    metric: (output, expected, { input }) => {
      expectTypeOf(output).toEqualTypeOf<{ topic: "a" | "b"; tags: string[] }>();
      expectTypeOf(expected).toEqualTypeOf<{ topic: "a" }>();
      expectTypeOf(input).toEqualTypeOf<{ content: string }>();
      return 1;
    },
  });
  expectTypeOf(evaluation.examples[0]?.output).toEqualTypeOf<
    { topic: "a" | "b"; tags: string[] } | undefined
  >();
});

test("ready metrics fit every signature, examples of another one do not", () => {
  const llm = {} as Llm;
  const examples = [{ input: { content: "x" }, expected: {} }];
  void llm.evaluate(topic, { examples, metric: exactMatch() });
  void llm.evaluate(topic, { examples, metric: setF1({ list: "tags" }) });
  // @ts-expect-error its input has `content`
  void llm.evaluate(topic, { examples: [{ input: { text: "x" }, expected: {} }], metric: exactMatch() });
  // @ts-expect-error a score is a number
  void llm.evaluate(topic, { examples, metric: () => "good" });
  // @ts-expect-error without held-out examples nothing can be confirmed
  void llm.optimize(topic, { train: examples, metric: exactMatch() });
});

test("only a gain has an artifact", async () => {
  const llm = {} as Llm;
  const examples = [{ input: { content: "x" }, expected: {} }];
  const found = await llm.optimize(topic, { train: examples, dev: examples, metric: exactMatch() });
  // @ts-expect-error it may not have improved
  void found.artifact;
  if (!found.improved) expectTypeOf(found.reason).toEqualTypeOf<string>();
});
