import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openLlm } from "../../../src/llm/open-llm.ts";
import { signature } from "../../../src/llm/prompts/signature.ts";
import { fromAiSdk } from "../../../src/llm/providers/ai-sdk/ai-sdk.ts";
import { anthropic } from "../../../src/llm/providers/anthropic/anthropic.ts";
import type { LlmError } from "../../../src/llm/calls/llm-error.ts";
import type { LlmUsage } from "../../../src/llm/calls/transport.ts";
import { type ScriptedReply, startScriptedServer } from "../scripted-server.ts";
import { REQUEST } from "../fake-server.ts";

const mood = signature({
  name: "mood",
  instructions: "How does the author feel?",
  input: z.object({ review: z.string() }),
  output: z.object({ mood: z.string(), reason: z.string() }),
});
const GOOD = { mood: "good", reason: "it works" };
const price = { inputPer1M: 1, outputPer1M: 1 };

const completion = (message: object, rest: { readonly finish?: unknown; readonly more?: object } = {}) => ({
  model: "m-1",
  choices: [{ message: { role: "assistant", ...message }, finish_reason: rest.finish ?? "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  ...rest.more,
});

/** Asks once; says what came of it, and how many calls it took. */
async function ask(...replies: readonly ScriptedReply[]) {
  await using server = await startScriptedServer(replies);
  await using llm = await openLlm({ model: `${server.url}#m`, price, maxRetries: 0 });
  const settled = await llm.predict(mood, { review: "fine" }).then(
    ({ output, telemetry }) => ({ output, telemetry, error: undefined }),
    (error: unknown) => ({ output: undefined, telemetry: undefined, error: error as LlmError }),
  );
  return { ...settled, calls: server.requests.length, requests: server.requests };
}

const usageOf = async (usage: unknown) => {
  const answer = completion({ content: JSON.stringify(GOOD) }, { more: { usage } });
  const { telemetry, calls } = await ask({ body: answer });
  expect(calls).toBe(1);
  return [telemetry?.llmInputTokens, telemetry?.llmOutputTokens, telemetry?.llmCostUsd];
};

describe("figures that cannot be right are unknown, and the answer is kept", () => {
  test.each([
    [{ prompt_tokens: 10, completion_tokens: 5.5 }, [10, null, null]],
    [{ prompt_tokens: "10", completion_tokens: "5" }, [null, null, null]],
    [{ prompt_tokens: -1, completion_tokens: 5 }, [null, 5, null]],
    [{ prompt_tokens: 10, completion_tokens: 1e21 }, [10, null, null]],
    [{ prompt_tokens: 4e9, completion_tokens: 1 }, [null, 1, null]],
    [{ prompt_tokens: null, completion_tokens: Number.NaN }, [null, null, null]],
    [[], [null, null, null]],
    ["12 tokens", [null, null, null]],
    [{ input_tokens: 10, output_tokens: 5 }, [10, 5, 0.000015]],
    [{ prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 900 } }, [10, 5, 0.000015]],
  ])("%j", async (usage, expected) => {
    expect(await usageOf(usage)).toEqual(expected);
  });

  test.each([7, null, "", { name: "m" }])("a model called %j is the one that was asked", async (model) => {
    const { telemetry } = await ask({ body: completion({ content: JSON.stringify(GOOD) }, { more: { model } }) });
    expect(telemetry?.llmModel).toBe("m");
  });

  test("where thinking is counted beside the answer, both are output", async () => {
    const details = { completion_tokens_details: { reasoning_tokens: 500 } };
    expect(await usageOf({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 515, ...details })).toEqual([
      10, 505, 0.000515,
    ]);
    expect(await usageOf({ prompt_tokens: 10, completion_tokens: 505, total_tokens: 515, ...details })).toEqual([
      10, 505, 0.000515,
    ]);
  });
});

describe("an answer is found where it stands", () => {
  const written = JSON.stringify(GOOD);
  test.each([
    ["arguments of a tool", { content: null, tool_calls: [{ function: { name: "mood", arguments: written } }] }],
    ["arguments that were parsed", { content: "", tool_calls: [{ function: { name: "mood", arguments: GOOD } }] }],
    [
      "a tool that was given nothing",
      { content: written, tool_calls: [{ function: { name: "mood", arguments: "" } }] },
    ],
    ["the function of an older server", { content: null, function_call: { name: "mood", arguments: written } }],
    [
      "parts",
      {
        content: [
          { type: "thinking", thinking: [{ text: "{}" }] },
          { type: "text", text: written },
        ],
      },
    ],
    ["an object", { content: GOOD }],
    ["the thoughts alone", { content: "", reasoning_content: `So it is ${written}` }],
    ["the thoughts alone, by another name", { content: null, reasoning: written }],
  ])("%s", async (_name, message) => {
    expect(await ask({ body: completion(message) })).toMatchObject({ output: GOOD, calls: 1 });
  });

  test.each(["stop", "eos", "end_turn", "COMPLETE", "tool_calls", null, undefined])("ended by %j", async (finish) => {
    expect(await ask({ body: completion({ content: written }, { finish }) })).toMatchObject({ output: GOOD, calls: 1 });
  });

  test.each(["length", "max_tokens", "model_length", "MAX_TOKENS", "max_output_tokens", "token_limit"])(
    "cut off by %s",
    async (finish) => {
      const cut = completion({ content: written.slice(0, 9) }, { finish });
      expect(await ask({ body: cut })).toMatchObject({ error: { kind: "truncated" }, calls: 1 });
    },
  );

  test.each(["content_filter", "SAFETY", "PROHIBITED_CONTENT", "guardrail_intervened"])(
    "held back by %s",
    async (finish) => {
      const held = completion({ content: "" }, { finish });
      expect(await ask({ body: held })).toMatchObject({ error: { kind: "content_filter" }, calls: 1 });
    },
  );
});

describe("usage of objects of the AI SDK", () => {
  const generated = async (result: object): Promise<LlmUsage> => {
    const answer = { content: [{ type: "text", text: "{}" }], finishReason: "stop", ...result };
    const doGenerate = () => Promise.resolve(answer);
    const model = { specificationVersion: "v2", provider: "any.chat", modelId: "m", doGenerate };
    return (await fromAiSdk(model).call(REQUEST, { signal: new AbortController().signal })).usage;
  };

  test("version 2: thinking that Google counts beside the answer is output", async () => {
    const usage = { inputTokens: 100, outputTokens: 20, totalTokens: 620, reasoningTokens: 500 };
    expect(await generated({ usage })).toMatchObject({ outputTokens: 520, reasoningTokens: 500 });
    const inside = { inputTokens: 100, outputTokens: 520, totalTokens: 620, reasoningTokens: 500 };
    expect(await generated({ usage: inside })).toMatchObject({ outputTokens: 520, reasoningTokens: 500 });
  });

  test.each([
    { anthropic: { cacheCreationInputTokens: 2_000 } },
    { bedrock: { usage: { cacheWriteInputTokens: 2_000 } } },
  ])("version 2: what Claude reads from a cache and writes to it is input (%j)", async (providerMetadata) => {
    const usage = { inputTokens: 60, outputTokens: 20, totalTokens: 80, cachedInputTokens: 1_000 };
    expect(await generated({ usage, providerMetadata })).toEqual({
      inputTokens: 3_060,
      outputTokens: 20,
      cachedInputTokens: 1_000,
      cacheWriteTokens: 2_000,
      reasoningTokens: null,
    });
  });

  test("version 3 says all of it", async () => {
    const inputTokens = { total: 3_060, noCache: 60, cacheRead: 1_000, cacheWrite: 2_000 };
    const usage = { inputTokens, outputTokens: { total: 520, text: 20, reasoning: 500 } };
    expect(await generated({ usage })).toEqual({
      inputTokens: 3_060,
      outputTokens: 520,
      cachedInputTokens: 1_000,
      cacheWriteTokens: 2_000,
      reasoningTokens: 500,
    });
  });

  test("an empty answer says what it used", async () => {
    const usage = { inputTokens: 100, outputTokens: 20 };
    await expect(generated({ content: [], usage })).rejects.toMatchObject({ kind: "bad_response", usage });
  });
});

test("what Anthropic writes to its cache is told apart", async () => {
  const usage = { input_tokens: 60, cache_creation_input_tokens: 2_000, cache_read_input_tokens: 5, output_tokens: 20 };
  const content = [
    { type: "thinking", thinking: "{}" },
    { type: "tool_use", name: "Answer", input: GOOD },
  ];
  await using server = await startScriptedServer([{ body: { model: "c", content, stop_reason: "tool_use", usage } }]);
  const transport = anthropic({ baseUrl: server.origin, model: "m", apiKey: "k" });
  expect(await transport.call(REQUEST, { signal: new AbortController().signal })).toMatchObject({
    text: JSON.stringify(GOOD),
    usage: { inputTokens: 2_065, cachedInputTokens: 5, cacheWriteTokens: 2_000, outputTokens: 20 },
  });
});
