import { expect, test } from "vitest";
import { z } from "zod";
import { offlineModel, signature, signatureOf } from "millrace/llm";
import { offlineLlm } from "millrace/testing";
import { parseAnswer } from "../../src/llm/answers/parse-answer.ts";
import { promptOf, renderRequest, requestKey } from "../../src/llm/prompts/prompt.ts";

const invoice = signature({
  name: "extract_invoice",
  instructions: "Extract the invoice.",
  input: z.object({ text: z.string().describe("the letter"), year: z.number().optional() }),
  output: z.object({
    total: z.number(),
    currency: z.enum(["EUR", "USD"]),
    note: z.string().optional(),
    lines: z.array(z.object({ what: z.string() })).default([]),
  }),
});
const program = promptOf(invoice, { withReasoning: false });
const answer = (text: string, finish: "stop" | "length" | "refusal" | "content_filter" = "stop") => ({ text, finish });

test("a prompt says what to do, what is given and what is wanted, the same every time", () => {
  const request = renderRequest(program, { text: "Total: 12 EUR", year: 2_026 }, {});
  expect(request.messages[0]?.content).toContain("Extract the invoice.");
  expect(request.messages[0]?.content).toContain("- text: the letter");
  expect(request.messages[0]?.content).toContain('"currency"');
  expect(request.messages[1]?.content).toBe("text:\nTotal: 12 EUR\n\nyear:\n2026");
  const transport = offlineModel();
  const key = requestKey(request, transport);
  expect(requestKey(renderRequest(program, { text: "Total: 12 EUR", year: 2_026 }, {}), transport)).toBe(key);
  expect(requestKey(request, { ...transport, model: "other" })).not.toBe(key);
  expect(requestKey(request, { ...transport, endpoint: "other" })).not.toBe(key);
  expect(requestKey(renderRequest(program, { text: "Total: 12 EUR" }, {}), transport)).not.toBe(key);
  expect(requestKey(renderRequest(program, { text: "Total: 12 EUR", year: 2_026 }, { seed: 1 }), transport)).not.toBe(
    key,
  );
});

test.each([
  ["plain", '{"total": 1, "currency": "EUR"}'],
  ["in a fence", 'Here it is:\n```json\n{"total": 1, "currency": "EUR"}\n```\nAnything else?'],
  ["with words around it", 'Sure! {"total": 1, "currency": "EUR"} Hope this helps.'],
  ["with null for what is left out", '{"total": 1, "currency": "EUR", "note": null}'],
])("an answer is read %s", (_, text) => {
  expect(parseAnswer(program, answer(text))).toEqual({ total: 1, currency: "EUR", lines: [] });
});

test.each([
  ["a wrong type", answer('{"total": "1", "currency": "EUR"}'), "invalid_output"],
  ["an unknown choice", answer('{"total": 1, "currency": "GBP"}'), "invalid_output"],
  ["no JSON", answer("I cannot find an invoice."), "invalid_output"],
  ["nothing", answer(""), "invalid_output"],
  ["a cut end", answer('{"total": 1, "curr', "length"), "truncated"],
  ["a refusal", answer("No.", "refusal"), "refusal"],
  ["a filtered answer", answer("", "content_filter"), "content_filter"],
])("%s is no answer", (_, given, kind) => {
  expect(() => parseAnswer(program, given)).toThrow(expect.objectContaining({ kind }) as Error);
});

test("what is wrong with an answer is said without its text", () => {
  const secret = '{"total": "the secret", "currency": "EUR"}';
  expect(() => parseAnswer(program, answer(secret))).toThrow(/total/);
  expect(() => parseAnswer(program, answer(secret))).not.toThrow(/secret/);
});

test("a line of text declares a flat signature", async () => {
  const mood = signatureOf("review: string, year?: number -> mood: 'good' | 'bad', tags: string[]", {
    name: "mood",
    instructions: "How does the author feel?",
  });
  const { output, telemetry } = await offlineLlm().predict(mood, { review: "A bad film" });
  expect(output.mood).toBe("bad");
  expect(output.tags.length).toBeGreaterThan(0);
  expect(telemetry).toMatchObject({ llmModel: "offline", llmCostUsd: 0, llmCached: false });
  expect(() => signatureOf("review -> mood: string", { name: "x", instructions: "" })).toThrow(/not a field/);
  expect(() => signatureOf("a: string -> b: strin", { name: "x", instructions: "" })).toThrow(/not a type/);
});

test("chain of thought adds the reasoning", async () => {
  const { output } = await offlineLlm().chainOfThought(invoice, { text: "Total: 12 EUR" });
  expect(output.reasoning).not.toBe("");
  expect(output).toMatchObject({ total: 12, currency: "EUR" });
});

test("an answer that does not fit is repaired once", async () => {
  const seen: number[] = [];
  const llm = offlineLlm({
    respond: ({ messages }) => {
      seen.push(messages.length);
      return messages.length > 2 ? { total: 1, currency: "EUR" } : "no idea";
    },
  });
  expect(await llm.predict(invoice, { text: "repair me" })).toMatchObject({ output: { total: 1 } });
  expect(seen).toEqual([2, 4]);
  const hopeless = offlineLlm({ respond: () => "no idea" });
  await expect(hopeless.predict(invoice, { text: "hopeless" })).rejects.toMatchObject({ code: "LLM_INVALID_OUTPUT" });
});

test("results of a batch are in the order of its rows, whatever finished first", async () => {
  const llm = offlineLlm({
    respond: ({ messages }) => {
      const total = Number(messages[1]?.content.replace(/\D/g, ""));
      return total % 10 === 3 ? "no number" : { total, currency: "EUR" };
    },
  });
  const rows = Array.from({ length: 50 }, (_, index) => index);
  const results = await llm.runBatch(invoice, rows, { input: (row) => ({ text: `Total ${row}` }), concurrency: 7 });
  expect(results.map((result) => (result.ok ? result.output.total : result.error.kind))).toEqual(
    rows.map((row) => (row % 10 === 3 ? "invalid_output" : row)),
  );
});

test("a stream of rows is taken no faster than its results are", async () => {
  let taken = 0;
  async function* rows() {
    for (; taken < 1_000; taken += 1) yield taken;
  }
  const llm = offlineLlm({ respond: () => ({ total: 1, currency: "EUR" }) });
  let results = 0;
  for await (const { ok } of llm.streamBatch(invoice, rows(), {
    input: (row) => ({ text: `${row}` }),
    concurrency: 5,
  })) {
    expect(ok).toBe(true);
    results += 1;
    expect(taken - results).toBeLessThanOrEqual(6);
    if (results === 40) break;
  }
  expect(taken).toBeLessThan(60);
});

test.each([z.instanceof(Uint8Array), z.file(), z.date(), z.array(z.instanceof(Uint8Array))])(
  "a type that JSON does not have is refused where it is declared",
  (picture) => {
    const declare = () =>
      signature({ name: "describe", instructions: "?", input: z.object({ picture }), output: z.object({}) });
    expect(declare).toThrow(/input of signature "describe" has a type that JSON does not have/);
  },
);
