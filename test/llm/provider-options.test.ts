import { expect, test } from "vitest";
import { openLlm } from "../../src/llm/open-llm.ts";
import { z } from "zod";
import { signature } from "../../src/llm/prompts/signature.ts";
import { startModelServer } from "./model-server.ts";

const mood = signature({
  name: "mood",
  instructions: "How does the author feel?",
  input: z.object({ review: z.string() }),
  output: z.object({ mood: z.string() }),
});

test("options of the provider reach it, those of a context over those of the config", async () => {
  await using server = await startModelServer();
  const providerOptions = { "openai-compatible": { reasoning_effort: "low", service_tier: "flex" } };
  await using llm = await openLlm({ model: `${server.url}#m`, providerOptions });
  const over = { providerOptions: { "openai-compatible": { reasoning_effort: "high" } }, seed: 3 };
  await llm.predict(mood, { review: "a" });
  await llm.context(over, () => llm.context({ temperature: 0 }, () => llm.predict(mood, { review: "a" })));
  const [plain, inContext] = server.log.map(({ request }) => request.body);
  expect(plain).toMatchObject({ reasoning_effort: "low", service_tier: "flex" });
  expect(inContext).toMatchObject({ reasoning_effort: "high", service_tier: "flex", seed: 3, temperature: 0 });
});

test("options that do not exist are errors", async () => {
  await expect(openLlm({ reasoningEffort: "low" } as never)).rejects.toThrow(/openLlm has no option "reasoningEffort"/);
  await using llm = await openLlm();
  expect(() => llm.context({ top_p: 1 } as never, () => undefined)).toThrow(/llm\.context has no option "top_p"/);
});

test("a server of one's own has the price that is given for its model", async () => {
  await using server = await startModelServer();
  await using llm = await openLlm({
    model: `${server.url}#own-model`,
    prices: { "own-model": { inputPer1M: 1, outputPer1M: 2 } },
  });
  expect((await llm.predict(mood, { review: "a" })).telemetry.llmCostUsd).toBeGreaterThan(0);
});

test("bytes are refused before they are paid for", async () => {
  await using server = await startModelServer();
  await using llm = await openLlm({ model: `${server.url}#m` });
  const see = signature({
    name: "see",
    instructions: "?",
    input: z.object({ picture: z.any() }),
    output: z.object({}),
  });
  await expect(llm.predict(see, { picture: { data: new Uint8Array([137, 80]) } })).rejects.toThrow(/"picture" of see/);
  expect(server.requests).toBe(0);
});
