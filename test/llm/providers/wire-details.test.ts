import { describe, expect, test } from "vitest";
import { z } from "zod";
import { httpError } from "../../../src/llm/providers/http/http-error.ts";
import { readRateLimit, readRetryAfter } from "../../../src/llm/providers/http/rate-limit-headers.ts";
import { strictSchema } from "../../../src/llm/providers/openai/strict-schema.ts";

const failure = { provider: "openai", model: "m", headers: new Headers(), apiKeyVariable: "OPENAI_API_KEY" };

describe("an error of a server", () => {
  test.each([
    [401, {}, "auth"],
    [403, {}, "auth"],
    [402, {}, "quota"],
    [429, { error: { type: "insufficient_quota" } }, "quota"],
    [400, { error: { message: "Your credit balance is too low to access the API." } }, "quota"],
    [429, undefined, "rate_limit"],
    [408, undefined, "server"],
    [502, "Bad gateway", "server"],
    [529, { type: "error", error: { type: "overloaded_error" } }, "server"],
    [413, {}, "context_length"],
    [400, { error: { code: "context_length_exceeded" } }, "context_length"],
    [400, { error: { message: "prompt is too long: 208310 tokens > 200000 maximum" } }, "context_length"],
    [400, { object: "error", message: "This model's maximum context length is 4096 tokens." }, "context_length"],
    [400, { error: { type: "exceed_context_size_error", message: "too much" } }, "context_length"],
    [400, { error: { code: "content_filter" } }, "content_filter"],
    [404, { error: "model 'm' not found" }, "bad_request"],
    [422, { detail: [{ loc: ["body", "seed"], msg: "Extra inputs are not permitted" }] }, "bad_request"],
    [400, null, "bad_request"],
    [304, undefined, "bad_response"],
  ])("%i with %j is understood as %s", (status, body, kind) => {
    expect(httpError({ ...failure, status, body }).kind).toBe(kind);
  });

  test("names the parameters it is about, and quotes nothing", () => {
    const message = "Unsupported parameter: 'temperature' for the prompt 'my diary'. Use 'seed' instead of max_tokens.";
    const body = { error: { message, code: "unsupported_parameter", param: "my diary" } };
    const parameters = ["model", "messages", "temperature"];
    const error = httpError({ ...failure, status: 400, body, parameters });
    expect(error.message).toBe(
      "openai rejected the call to m (HTTP 400, unsupported_parameter, parameter temperature).",
    );
  });
});

describe("headers", () => {
  const inTwoSeconds = () => new Date(Date.now() + 2_000);
  test.each([
    [{ "retry-after-ms": "150", "retry-after": "2" }, 150],
    [{ "retry-after": "2" }, 2_000],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 0],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ])("%j asks to wait %s ms", (headers, expected) => {
    expect(readRetryAfter(new Headers(Object.entries(headers)))).toBe(expected);
  });

  test("a date to wait for is as far away as it is", () => {
    const wait = readRetryAfter(new Headers({ "retry-after": inTwoSeconds().toUTCString() }))!;
    expect(wait).toBeGreaterThan(500);
    expect(wait).toBeLessThanOrEqual(2_000);
  });

  test.each([
    ["1m30s", 90_000],
    ["20ms", 20],
    ["7.66s", 7_660],
    ["6h0m1s", 21_601_000],
    ["3", 3_000],
  ])("a reset of %s is %i ms", (text, resetMs) => {
    const headers = new Headers({ "x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": text });
    expect(readRateLimit(headers)).toEqual({ remainingRequests: 5, remainingTokens: undefined, resetMs });
  });

  test("Anthropic's times are told as milliseconds from now", () => {
    const reset = inTwoSeconds().toISOString();
    const limit = readRateLimit(
      new Headers({ "anthropic-ratelimit-tokens-remaining": "900", "anthropic-ratelimit-tokens-reset": reset }),
    )!;
    expect(limit).toMatchObject({ remainingRequests: undefined, remainingTokens: 900 });
    expect(limit.resetMs).toBeGreaterThan(1_500);
  });

  test("what is used up says when it is there again", () => {
    const headers = {
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "1s",
      "x-ratelimit-remaining-tokens": "5000",
      "x-ratelimit-reset-tokens": "6m0s",
    };
    expect(readRateLimit(new Headers(headers))?.resetMs).toBe(1_000);
  });

  test("other headers say nothing", () => {
    expect(readRateLimit(new Headers({ "content-type": "application/json" }))).toBeUndefined();
  });
});

describe("a strict schema", () => {
  const strictOf = (type: z.ZodType) => strictSchema(z.toJSONSchema(type, { io: "input" }));

  test("asks for every property and lets optional ones be null", () => {
    const type = z.object({
      total: z.number(),
      note: z.string().max(9).optional(),
      lines: z.array(z.object({ vat: z.number().default(0), code: z.string().nullable().optional() })),
    });
    expect(strictOf(type)).toEqual({
      type: "object",
      properties: {
        total: { type: "number" },
        note: { anyOf: [{ type: "string" }, { type: "null" }] },
        lines: {
          type: "array",
          items: {
            type: "object",
            properties: {
              vat: { anyOf: [{ type: "number" }, { type: "null" }] },
              code: { type: ["string", "null"] },
            },
            required: ["vat", "code"],
            additionalProperties: false,
          },
        },
      },
      required: ["total", "note", "lines"],
      additionalProperties: false,
    });
  });

  test("keeps properties that are called like keywords", () => {
    const strict = strictOf(z.object({ default: z.string(), format: z.string().optional(), items: z.number() }));
    expect(strict?.["required"]).toEqual(["default", "format", "items"]);
  });

  test("leaves out what OpenAI refuses and the answer is checked for anyway", () => {
    const text = JSON.stringify(strictOf(z.object({ mail: z.email(), site: z.url(), day: z.iso.date() })));
    expect(text).not.toMatch(/\(\?|"uri"|\$schema/);
    expect(text).toContain('"email"');
  });

  test("takes unions and recursion", () => {
    const Node = z.object({
      name: z.string(),
      get children() {
        return z.array(Node);
      },
    });
    const kinds = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a") }),
      z.object({ kind: z.literal("b"), node: Node }),
    ]);
    const strict = strictOf(z.object({ either: kinds }));
    expect(strict).toMatchObject({ properties: { either: { anyOf: [{ required: ["kind"] }, {}] } } });
    expect(JSON.stringify(strict)).not.toContain("oneOf");
  });

  test.each([
    ["records", z.record(z.string(), z.number())],
    ["tuples", z.tuple([z.string()])],
    ["anything", z.unknown()],
    ["objects with more", z.looseObject({})],
  ])("does not exist for %s", (_name, type) => {
    expect(strictOf(z.object({ field: type }))).toBeUndefined();
  });
});
