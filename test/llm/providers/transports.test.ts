import { describe, expect, test } from "vitest";
import { fromAiSdk } from "../../../src/llm/providers/ai-sdk/ai-sdk.ts";
import { anthropic } from "../../../src/llm/providers/anthropic/anthropic.ts";
import { LlmError } from "../../../src/llm/calls/llm-error.ts";
import { openAiCompatible } from "../../../src/llm/providers/openai/openai-compatible.ts";
import type { LlmRequest, LlmTransport, StructuredMode } from "../../../src/llm/calls/transport.ts";
import { sdkModel } from "../ai-sdk-model.ts";
import { startScriptedServer } from "../scripted-server.ts";
import { type ModelServer, type ModelServerOptions, startModelServer } from "../model-server.ts";
import type { Fault } from "./wire-protocols.ts";

const SECRET = "the patient is called Zebulon";

const request: LlmRequest = {
  messages: [
    { role: "system", content: "Extract the mood as JSON." },
    { role: "user", content: SECRET },
  ],
  schema: {
    name: "mood",
    json: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { mood: { type: "string" }, year: { type: "integer", default: 7 } },
      required: ["mood"],
    },
  },
  params: {},
};

const never = () => ({ signal: new AbortController().signal });

const openAi = (mode: StructuredMode) => (server: ModelServer) =>
  openAiCompatible({
    baseUrl: server.url,
    model: "m",
    mode,
    apiKey: "k",
    provider: "openai",
    apiKeyVariable: "OPENAI_API_KEY",
  });

const TRANSPORTS: Readonly<Record<string, (server: ModelServer) => LlmTransport>> = {
  "openAiCompatible with json_schema": openAi("json_schema"),
  "openAiCompatible with json_object": openAi("json_object"),
  "openAiCompatible with tool": openAi("tool"),
  "openAiCompatible with none": openAi("none"),
  "openAiCompatible that finds its mode": (server) =>
    openAiCompatible({ baseUrl: server.url, model: "m", provider: "openai", apiKeyVariable: "OPENAI_API_KEY" }),
  anthropic: (server) => anthropic({ baseUrl: server.origin, model: "m", apiKey: "k" }),
  "fromAiSdk v2": (server) => fromAiSdk(sdkModel("v2", server.url)),
  "fromAiSdk v3": (server) => fromAiSdk(sdkModel("v3", server.url)),
  "fromAiSdk v4": (server) => fromAiSdk(sdkModel("v4", server.url)),
};

async function failureOf(call: Promise<unknown>): Promise<LlmError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LlmError);
  return error as LlmError;
}

describe.each(Object.entries(TRANSPORTS))("%s", (name, create) => {
  const failWith = async (fault: Fault) => {
    await using server = await startModelServer({ faults: () => fault });
    return await failureOf(create(server).call(request, never()));
  };
  const finishWith = async (fault: Fault) => {
    await using server = await startModelServer({ faults: () => fault, respond: () => ({ mood: "good" }) });
    return await create(server).call(request, never());
  };

  test("gives the answer, what it used and who gave it", async () => {
    await using server = await startModelServer({ respond: () => ({ mood: "good" }), cachedTokens: 5 });
    const answer = await create(server).call(request, never());
    expect(JSON.parse(answer.text)).toEqual({ mood: "good" });
    expect(answer).toMatchObject({ finish: "stop", model: expect.stringMatching(/^m-2025/) });
    expect(answer.usage).toMatchObject({ ...server.billed, cachedInputTokens: 5 });
  });

  test("knows no usage where the server tells none", async () => {
    await using server = await startModelServer({ usage: false });
    const { usage } = await create(server).call(request, never());
    expect(Object.values(usage).every((tokens) => tokens === null)).toBe(true);
  });

  test("says what the headers leave", async () => {
    await using server = await startModelServer({ rateLimit: { perSecond: 4 } });
    const { rateLimit } = await create(server).call(request, never());
    expect(rateLimit?.remainingRequests).toBe(3);
    expect(rateLimit?.resetMs).toBeGreaterThan(100);
    expect(rateLimit?.resetMs).toBeLessThanOrEqual(300);
  });

  test("sends parameters only where they are set", async () => {
    await using server = await startModelServer();
    const transport = create(server);
    await transport.call(request, never());
    await transport.call({ ...request, params: { temperature: 0, maxOutputTokens: 99 } }, never());
    const [plain, tuned] = server.log.map(({ request }) => request.body);
    expect(plain).not.toHaveProperty("temperature");
    expect(plain).not.toHaveProperty("max_completion_tokens");
    expect(tuned).toMatchObject({ temperature: 0 });
    expect(tuned?.["max_completion_tokens"] ?? tuned?.["max_tokens"]).toBe(99);
  });

  test("tells a refusal from an answer", async () => {
    const { finish } = await finishWith("refusal");
    // Models of the AI SDK's second version cannot tell it from a filter.
    expect(finish).toBe(name === "fromAiSdk v2" ? "content_filter" : "refusal");
  });

  test("tells an answer that was cut off", async () => {
    expect(await finishWith("truncated")).toMatchObject({ finish: "length" });
  });

  // Anthropic's protocol has no word for it.
  if (name !== "anthropic") {
    test("tells an answer that the content filter held back", async () => {
      expect(await finishWith("content_filter")).toMatchObject({ finish: "content_filter" });
    });
  }

  test.each([
    ["401", "auth", true],
    ["quota", "quota", true],
    ["429", "rate_limit", false],
    ["500", "server", false],
    ["400", "bad_request", false],
    ["context_length", "context_length", false],
    ["malformed", "bad_response", false],
    ["empty", "bad_response", false],
  ] as const)("turns %s into %s", async (fault, kind, isFatal) => {
    const error = await failWith(fault);
    expect(error).toMatchObject({ kind, isFatal });
    expect(`${error.message} ${error.hint} ${JSON.stringify(error.details)}`).not.toContain("Zebulon");
  });

  test("names the variable of a key that is not accepted", async () => {
    const variable = name === "anthropic" ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY";
    expect((await failWith("401")).message).toContain(variable);
  });

  test("says how long the server asks to wait", async () => {
    expect(await failWith("429")).toMatchObject({ retryAfterMs: 1_000, status: 429 });
  });

  test("does not try again by itself", async () => {
    await using server = await startModelServer({ faults: () => "500" });
    await failureOf(create(server).call(request, never()));
    expect(server.requests).toBe(1);
  });

  test("ends a stalled body when the signal's time is over", async () => {
    await using server = await startModelServer({ faults: () => "stall" });
    const startedAtMs = performance.now();
    const error = await failureOf(create(server).call(request, { signal: AbortSignal.timeout(200) }));
    expect(error.kind).toBe("timeout");
    expect(performance.now() - startedAtMs).toBeLessThan(1_500);
  });

  test("ends at once when the signal had fired before", async () => {
    await using server = await startModelServer();
    const error = await failureOf(create(server).call(request, { signal: AbortSignal.abort() }));
    expect(error.kind).toBe("aborted");
    expect(server.requests).toBe(0);
  });

  test("takes a server that is gone for a matter of the network", async () => {
    const server = await startModelServer();
    await server.close();
    expect((await failureOf(create(server).call(request, never()))).kind).toBe("network");
  });
});

describe("the shape of OpenAI's answers", () => {
  const modesOf = async (options: ModelServerOptions, calls: number) => {
    await using server = await startModelServer(options);
    const transport = openAiCompatible({ baseUrl: server.url, model: "m" });
    const prompts = Array.from({ length: calls }, (_, index) => ({
      ...request,
      messages: [{ role: "user" as const, content: `tool function schema ${index}` }],
    }));
    const settled = await Promise.allSettled(prompts.map((prompt) => transport.call(prompt, never())));
    await Promise.allSettled([transport.call(request, never())]);
    return { settled, modes: server.log.map(({ mode }) => mode) };
  };

  test("weaker ways are tried in turn, by one of many calls at a time, and remembered after two", async () => {
    const { settled, modes } = await modesOf({ modes: ["json_object", "none"], latencyMs: 20 }, 5);
    expect(settled.every(({ status }) => status === "fulfilled")).toBe(true);
    const search = ["json_schema", "tool", "json_object"];
    expect(modes).toEqual([...search, ...search, "json_object", "json_object", "json_object", "json_object"]);
  });

  test("a server that takes no shape at all is asked without", async () => {
    const { modes } = await modesOf({ modes: ["none"] }, 1);
    const search = ["json_schema", "tool", "json_object", "none"];
    expect(modes).toEqual([...search, ...search]);
  });

  test("what one request is refused for, in words about the shape, is no reason to take a weaker way", async () => {
    const refusal = "Invalid prompt: it describes a grammar for tool calls and functions (response_format).";
    for (const index of [0, 3]) {
      await using server = await startScriptedServer((_request, at) =>
        at === index || (index === 0 && at < 4)
          ? { status: 400, body: { error: { message: refusal } } }
          : { body: { choices: [{ message: { content: "{}" }, finish_reason: "stop" }] } },
      );
      const transport = openAiCompatible({ baseUrl: server.url, model: "m" });
      const kinds: string[] = [];
      for (let row = 0; row < 5; row += 1) {
        const messages = [{ role: "user" as const, content: `row ${row}` }];
        const called = transport.call({ ...request, messages }, never());
        kinds.push(
          await called.then(
            () => "ok",
            (error: LlmError) => error.kind,
          ),
        );
      }
      expect(kinds.filter((kind) => kind !== "ok")).toEqual(["bad_request"]);
      expect(server.requests.slice(-2).every(({ body }) => "response_format" in body)).toBe(true);
    }
  });

  test("a call that fails for another reason says nothing about the shape", async () => {
    const { modes } = await modesOf({ faults: (index) => (index === 0 ? "400" : undefined) }, 1);
    expect(modes).toEqual(["json_schema", "json_schema"]);
  });

  test("a first call that stalls does not hold up the others for long", async () => {
    await using server = await startModelServer({ faults: (index) => (index === 0 ? "stall" : undefined) });
    const transport = openAiCompatible({ baseUrl: server.url, model: "m" });
    const stop = new AbortController();
    const stalled = transport.call(request, { signal: stop.signal });
    const next = { ...request, messages: [{ role: "user" as const, content: "next" }] };
    await expect(transport.call(next, never())).resolves.toMatchObject({ finish: "stop" });
    stop.abort();
    expect((await failureOf(stalled)).kind).toBe("aborted");
  });

  test("a chosen way is kept to", async () => {
    await using server = await startModelServer({ modes: ["none"] });
    const transport = openAiCompatible({ baseUrl: server.url, model: "m", mode: "tool" });
    expect((await failureOf(transport.call(request, never()))).kind).toBe("bad_request");
    expect(server.requests).toBe(1);
  });

  test("options of the provider reach the body, those of others do not", async () => {
    await using server = await startModelServer();
    const transport = openAiCompatible({ baseUrl: server.url, model: "m", provider: "vllm" });
    const providerOptions = { vllm: { top_k: 3 }, openai: { store: false } };
    await transport.call({ ...request, params: { providerOptions } }, never());
    expect(server.log[0]?.request.body).toMatchObject({ top_k: 3 });
    expect(server.log[0]?.request.body).not.toHaveProperty("store");
  });
});

test.each(["openAiCompatible with tool", "anthropic"])("%s tells what an empty answer used", async (name) => {
  await using server = await startModelServer({ faults: () => "empty" });
  const { usage } = await failureOf(TRANSPORTS[name]!(server).call(request, never()));
  expect(usage).toMatchObject(server.billed);
});

test("anthropic gets its system text apart, a limit always, and the shape as a tool it must use", async () => {
  await using server = await startModelServer();
  await anthropic({ baseUrl: `${server.origin}/v1/`, model: "m", apiKey: "k" }).call(request, never());
  const { body, headers } = server.log[0]!.request;
  expect(body).toMatchObject({
    system: "Extract the mood as JSON.",
    max_tokens: 4096,
    messages: [{ role: "user", content: SECRET }],
    tool_choice: { type: "tool", name: "mood" },
  });
  expect(headers).toMatchObject({ "x-api-key": "k", "anthropic-version": "2023-06-01" });
});

test("the AI SDK's zeros without a prompt's token are no usage", async () => {
  const model = { ...sdkModel("v2", "http://unused/v1"), doGenerate: () => Promise.resolve(ZERO) };
  const { usage } = await fromAiSdk(model).call(request, never());
  expect(usage).toEqual({ inputTokens: null, outputTokens: null, cachedInputTokens: null });
});

const ZERO = {
  content: [{ type: "text", text: "{}" }],
  finishReason: "stop",
  usage: { inputTokens: 0, outputTokens: 0 },
};

test("an object of another version of the AI SDK is refused", () => {
  expect(() => fromAiSdk({ ...sdkModel("v2", "http://unused/v1"), specificationVersion: "v1" })).toThrow(/"v1"/);
});
