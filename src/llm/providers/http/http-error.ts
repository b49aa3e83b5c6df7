import { type ErrorBody, readErrorBody } from "./error-body.ts";
import { LlmError, type LlmErrorKind } from "../../calls/llm-error.ts";
import { failureKind } from "./failure-kind.ts";
import { readRateLimit, readRetryAfter } from "./rate-limit-headers.ts";
import { waitInBody } from "./wait-in-body.ts";

/** An answer that is an error. */
export interface HttpFailure {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined when it was not JSON. */
  readonly body: unknown;
  readonly provider: string;
  readonly model: string;
  /** The environment variable that holds the key. */
  readonly apiKeyVariable?: string | undefined;
  /** Names of the parameters that were sent: those that the server complains of are named. */
  readonly parameters?: readonly string[] | undefined;
}

/** The error as what can be done about it. The server's own words stay out of it: they may quote the request. */
export function httpError(failure: HttpFailure): LlmError {
  const { status, headers } = failure;
  const body = readErrorBody(failure.body);
  const kind = failureKind({ status, body: failure.body === undefined ? undefined : body });
  return new LlmError(kind, `${describe(kind, failure)} (${reasons(failure, body).join(", ")}).`, {
    status,
    retryAfterMs: WAITED_FOR.has(kind)
      ? (readRetryAfter(headers) ?? waitInBody(failure.body, body.message))
      : undefined,
    rateLimit: readRateLimit(headers),
    answerText: body.failedAnswer,
    hint: hintOf(kind, failure),
  });
}

const WAITED_FOR: ReadonlySet<LlmErrorKind> = new Set(["rate_limit", "server"]);

function describe(kind: LlmErrorKind, { provider, model, apiKeyVariable }: HttpFailure): string {
  switch (kind) {
    case "auth":
      return apiKeyVariable === undefined
        ? `${provider} does not accept the API key`
        : `${provider} does not accept the key in ${apiKeyVariable}`;
    case "quota":
      return `The quota or credit at ${provider} is used up`;
    case "rate_limit":
      return `${provider} asks for fewer calls`;
    case "context_length":
      return `The prompt is longer than ${model} takes`;
    case "content_filter":
      return `The content filter of ${provider} held back the prompt`;
    case "invalid_output":
      return `${provider} found the answer of ${model} to be no JSON of the shape asked for`;
    case "server":
      return `${provider} failed`;
    default:
      return `${provider} rejected the call to ${model}`;
  }
}

function hintOf(kind: LlmErrorKind, { status, provider, model, apiKeyVariable }: HttpFailure): string | undefined {
  if (kind === "auth" && apiKeyVariable !== undefined) {
    return `Set the environment variable ${apiKeyVariable} to a key that may use ${model}.`;
  }
  if (kind === "quota") return `Add credit to the account at ${provider}, or use another model.`;
  if (kind === "context_length") return "Split the input, or use a model with a longer context.";
  if (status === 404) return `See whether ${provider} has a model "${model}", and whether the base URL is right.`;
  return undefined;
}

function reasons({ status, parameters = [] }: HttpFailure, { code, type, parameter, message }: ErrorBody): string[] {
  const words = new Set(message.match(/\w+/g));
  // These two are in every other sentence about a call.
  const blamed = parameters.filter((name) => name !== "model" && name !== "messages" && words.has(name));
  const named = parameter === undefined || blamed.includes(parameter) ? blamed : [parameter, ...blamed];
  return [...new Set([`HTTP ${status}`, code ?? type, ...named.map((name) => `parameter ${name}`)])].filter(
    (reason) => reason !== undefined,
  );
}
