import { describe, expect, test } from "vitest";
import { anthropic, type LlmTransport, openAiCompatible, signature } from "millrace/llm";
import { z } from "zod";
import { configuredLlm } from "../../src/llm/configured-llm.ts";
import { createLlm } from "../../src/llm/llm.ts";
import { addUsage, NO_USAGE } from "../../src/llm/answers/telemetry.ts";
import { startModelServer } from "./model-server.ts";
import type { Fault, ModelRequest } from "./providers/wire-protocols.ts";

const echo = signature({
  name: "echo",
  instructions: "Say the number again.",
  input: z.object({ number: z.number() }),
  output: z.object({ number: z.number() }),
});

const numberIn = ({ messages }: ModelRequest) => {
  const asked = messages.find(({ content }) => content.startsWith("number:"));
  return Number(asked?.content.replace(/\D/g, ""));
};

/** A model over HTTP, and an account of what it says it took. */
function ask(model: LlmTransport, settings: { timeoutMs?: number } = {}) {
  const account = { usage: NO_USAGE };
  const source = configuredLlm({ model, cache: "off", ...settings }, { environment: {}, database: undefined });
  const llm = createLlm(source, {
    signal: new AbortController().signal,
    onUsage: (used) => (account.usage = addUsage(account.usage, used)),
  });
  return { llm, account };
}

const rows = (count: number) => Array.from({ length: count }, (_, index) => index);
const input = (number: number) => ({ number });

describe.each([
  ["OpenAI's protocol", (url: string, _origin: string) => openAiCompatible({ baseUrl: url, model: "tiny" })],
  [
    "Anthropic's protocol",
    (_url: string, origin: string) => anthropic({ baseUrl: origin, model: "tiny", apiKey: "k" }),
  ],
])("a batch over %s", (_, connect) => {
  test("loses no row to rate limits and hardly asks twice", async () => {
    await using server = await startModelServer({
      respond: (request) => ({ number: numberIn(request) }),
      latencyMs: 20,
      rateLimit: { perSecond: 100 },
    });
    const { llm } = ask(connect(server.url, server.origin));
    const results = await llm.runBatch(echo, rows(300), { input, concurrency: 50 });
    expect(results.map((result) => (result.ok ? result.output.number : result.error.kind))).toEqual(rows(300));
    // The first burst goes out before the server has said anything; after that hardly a call is refused.
    expect(server.requests).toBeLessThanOrEqual(350);
  });

  test("gives every row its own answer or its own error, and counts what the server bills", async () => {
    const faultOf = (number: number): Fault | undefined =>
      ({ 3: "500", 13: "500", 23: "500", 33: "stall", 43: "malformed", 53: "refusal", 63: "truncated" } as const)[
        (number % 100) as 3
      ];
    await using server = await startModelServer({
      respond: (request) => ({ number: numberIn(request) }),
      reverseOrder: true,
      latencyMs: 5,
      faults: (index, attempt) => {
        const fault = faultOf(index);
        return attempt > 1 && (fault === "500" || fault === "stall") ? undefined : fault;
      },
    });
    const { llm, account } = ask(connect(server.url, server.origin), { timeoutMs: 4_000 });
    const results = await llm.runBatch(echo, rows(300), { input, concurrency: 20 });
    // The server counts prompts by arrival, so a fault meets whichever row comes then.
    const kinds = new Map<string, number>();
    for (const [index, result] of results.entries()) {
      if (result.ok) expect(result.output.number).toBe(index);
      else kinds.set(result.error.kind, (kinds.get(result.error.kind) ?? 0) + 1);
    }
    expect(Object.fromEntries(kinds)).toMatchObject({ refusal: 3, truncated: 3 });
    expect(
      [...kinds.keys()].every((kind) => ["refusal", "truncated", "bad_response", "invalid_output"].includes(kind)),
    ).toBe(true);
    expect({ input: account.usage.inputTokens, output: account.usage.outputTokens }).toEqual({
      input: server.billed.inputTokens,
      output: server.billed.outputTokens,
    });
  });

  test("stops at a key that is refused", async () => {
    await using server = await startModelServer({ faults: () => "401" });
    const { llm } = ask(connect(server.url, server.origin));
    const results = await llm.runBatch(echo, rows(200), { input, concurrency: 20 });
    expect(server.requests).toBeLessThanOrEqual(20);
    expect(results.every((result) => !result.ok && result.error.kind === "auth")).toBe(true);
  });
});
