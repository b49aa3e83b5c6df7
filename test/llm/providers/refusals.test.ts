import { describe, expect, test } from "vitest";
import type { LlmError } from "../../../src/llm/calls/llm-error.ts";
import { httpError } from "../../../src/llm/providers/http/http-error.ts";

const NOW = { date: new Date().toUTCString() };

const errorOf = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): LlmError =>
  httpError({ status, body, headers: new Headers(headers), provider: "p", model: "m" });

const said = (message: string, more: object = {}) => ({ error: { message, ...more } });

describe("a prompt that is too long is the row's own matter", () => {
  test.each([
    [
      400,
      said("This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens."),
    ],
    [400, said("Invalid 'messages[0].content': string too long.", { code: "string_above_max_length" })],
    [400, { type: "error", error: { type: "invalid_request_error", message: "prompt is too long: 210000 tokens" } }],
    [400, said("input length and `max_tokens` exceed context limit: 199000 + 4096 > 200000, decrease input length")],
    [400, said("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).")],
    [400, said("Unable to submit request because the input token count is 40000 but model only supports up to 32768.")],
    [400, { object: "error", message: "Prompt contains 40000 tokens", type: "invalid_request_prompt_too_long" }],
    [400, said("the request exceeds the available context size.", { type: "exceed_context_size_error" })],
    [400, { message: "too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 130000." }],
    [
      422,
      said("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000", {
        param: "max_tokens",
      }),
    ],
    [422, { error: "`inputs` must have less than 4096 tokens. Given: 5000", error_type: "validation" }],
    [400, { message: "Input is too long for requested model." }],
    [
      400,
      {
        code: "Client specified an invalid argument",
        error: "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
      },
    ],
    [400, said("The prompt is too long: 9000, model maximum context length: 8192")],
    [400, said("Invalid request: Your request exceeded model token limit: 8192")],
    [400, said("Prompt exceeds max length", { code: "1261" })],
    [400, { code: "InvalidParameter", message: "Range of input length should be [1, 30720]" }],
    [400, said("the number of input tokens 5000 cannot exceed the total tokens limit 4096 for this model")],
    [
      400,
      said("Trying to keep the first 9000 tokens, but the model is loaded with a context length of only 4096 tokens"),
    ],
    [400, said("invalid params, context window exceeds limit (2013)")],
    [400, said("Provider returned error", { metadata: { raw: JSON.stringify(said("prompt is too long")) } })],
    [500, said("context size exceeded")],
    [413, "<html>413 Request Entity Too Large</html>"],
    [
      413,
      said("Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 9000", {
        code: "rate_limit_exceeded",
      }),
    ],
    [
      429,
      said(
        "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 41000. The input must be reduced.",
      ),
    ],
    [429, said("Rate limit reached on tokens per min. Limit: 30,000, Requested: 41,000")],
  ])("%i %j", (status, body) => {
    expect(errorOf(status, body)).toMatchObject({ kind: "context_length", isFatal: false, isRetryable: false });
  });

  test.each([
    [
      429,
      said("Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29500, Requested 900."),
      "rate_limit",
    ],
    [400, said("max_tokens is too large: 100000. This model supports at most 16384 completion tokens"), "bad_request"],
    [400, said("Invalid request: temperature exceeds the maximum of 2"), "bad_request"],
  ])("%i %j is another matter", (status, body, kind) => {
    expect(errorOf(status, body).kind).toBe(kind);
  });
});

describe("what a filter holds back is the row's own matter, whatever the status", () => {
  test.each([
    [403, said("This input was flagged by moderation", { code: 403, metadata: { reasons: ["violence"] } })],
    [403, said("Request blocked", { code: "content_policy_violation" })],
    [400, said("The response was filtered due to the prompt triggering Azure OpenAI's content management policy.")],
    [400, said("x", { code: "content_filter", innererror: { code: "ResponsibleAIPolicyViolation" } })],
    [400, { code: "DataInspectionFailed", message: "Input data may contain inappropriate content." }],
    [422, said("The prompt was rejected by the safety system.")],
  ])("%i %j", (status, body) => {
    expect(errorOf(status, body)).toMatchObject({ kind: "content_filter", isFatal: false });
  });
});

describe("what ends a batch is said by a code, or at the beginning", () => {
  test.each([
    [400, [said("API key not valid. Please pass a valid API key.", { status: "INVALID_ARGUMENT" })], "auth"],
    [400, said("Incorrect API key provided: xa***yz.", { code: "invalid" }), "auth"],
    [403, said("Your key may not use this model."), "auth"],
    [429, said("Your team has either used all available credits or reached its monthly spending limit."), "quota"],
    [400, said("Your credit balance is too low to access the Anthropic API."), "quota"],
    [402, said("Insufficient Balance"), "quota"],
    [429, said("You exceeded your current quota, please check your plan.", { code: "insufficient_quota" }), "quota"],
    // A row that speaks of keys and credit, quoted.
    [
      400,
      said("Unsupported value: 'temperature'. Got: I lost my invalid api key, my credit balance is too low."),
      "bad_request",
    ],
    // A gate in between, not the server.
    [403, undefined, "server"],
  ])("%i %j → %s", (status, body, kind) => {
    expect(errorOf(status, body).kind).toBe(kind);
  });
});

describe("a server that finds the answer to be none says what the model wrote, and quotes it nowhere", () => {
  test.each([
    ["json_validate_failed", "Failed to generate JSON. Please adjust your prompt."],
    ["json_validate_failed", "Generated JSON does not match the expected schema."],
    ["tool_use_failed", "Failed to call a function."],
  ])("%s", (code, message) => {
    const error = errorOf(400, said(message, { code, failed_generation: '{"topic": bug' }));
    expect(error).toMatchObject({ kind: "invalid_output", answerText: '{"topic": bug' });
    expect(JSON.stringify(error) + error.message).not.toContain("topic");
  });
});

describe("a wait is taken from wherever it stands", () => {
  const RETRY_INFO = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "40s" };
  test.each([
    [[said("You exceeded your current quota.", { status: "RESOURCE_EXHAUSTED", details: [RETRY_INFO] })], 40_000],
    [said("x", { details: [{ retryDelay: { seconds: "3", nanos: 500_000_000 } }] }), 3_500],
    [said("Rate limit reached for gpt-4o. Please try again in 1.5s."), 1_500],
    [said("Please try again in 7m12s. Visit our page."), 432_000],
    [said("Please try again in 120ms."), 120],
    [said("Please retry in 40.25s."), 40_250],
    [said("Please retry after 20 seconds."), 20_000],
    [said("Please wait 2 minutes before you send more."), 120_000],
    [said("Try again in 1 hour and 5 minutes."), 3_900_000],
    [{ retry_after: 2.5, message: "slow down" }, 2_500],
    [{ error: { message: "slow", retry_after_ms: 300 } }, 300],
    [said("Please try again later. You may send 20 requests in 60 seconds."), undefined],
    [said("Too many requests"), undefined],
    [undefined, undefined],
  ])("%j", (body, expected) => {
    expect(errorOf(429, body).retryAfterMs).toBe(expected);
  });

  test("also of a model that is being loaded; headers come first", () => {
    expect(errorOf(503, { error: "Model m is currently loading", estimated_time: 1.5 }).retryAfterMs).toBe(1_500);
    expect(errorOf(429, said("Please try again in 9s."), { "retry-after": "2" }).retryAfterMs).toBe(2_000);
    expect(errorOf(429, said("Please try again in 9s."), { "retry-after": "soon" }).retryAfterMs).toBe(9_000);
    expect(errorOf(429, said("slow"), { "retry-after": "-5" }).retryAfterMs).toBeUndefined();
    expect(errorOf(400, said("bad; please try again in 9s.")).retryAfterMs).toBeUndefined();
  });

  test.each([-3_600_000, 0, 3_600_000, 30_000])("dates are of the server's clock, %i ms off", (skewMs) => {
    const now = Date.now() + skewMs;
    const headers = {
      date: new Date(now).toUTCString(),
      "retry-after": new Date(now + 20_000).toUTCString(),
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": new Date(now + 20_000).toISOString(),
    };
    const { retryAfterMs, rateLimit } = errorOf(429, said("slow"), headers);
    for (const waitMs of [retryAfterMs, rateLimit?.resetMs]) {
      expect(waitMs).toBeGreaterThan(17_000);
      expect(waitMs).toBeLessThanOrEqual(21_000);
    }
  });

  test("what is left stands beside a refusal, too", () => {
    const headers = { ...NOW, "ratelimit-remaining": "0", "ratelimit-reset": "7" };
    expect(errorOf(429, said("slow"), headers).rateLimit).toMatchObject({ remainingRequests: 0, resetMs: 7_000 });
  });
});
