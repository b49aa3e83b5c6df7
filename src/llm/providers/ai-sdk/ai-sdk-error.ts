import { httpError } from "../http/http-error.ts";
import { LlmError } from "../../calls/llm-error.ts";
import { networkError } from "../http/post-json.ts";

interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly statusCode?: number | undefined;
  readonly responseHeaders?: Readonly<Record<string, string>> | undefined;
  readonly responseBody?: string | undefined;
}

const BAD_RESPONSES: ReadonlySet<string> = new Set([
  "AI_EmptyResponseBodyError",
  "AI_InvalidResponseDataError",
  "AI_JSONParseError",
  "AI_NoContentGeneratedError",
  "AI_TypeValidationError",
]);

/** What a model of the AI SDK threw. The error itself holds the whole prompt, so it is not kept as the cause. */
export function aiSdkError(thrown: unknown, to: { readonly provider: string; readonly model: string }): LlmError {
  if (thrown instanceof LlmError) return thrown;
  const error = (typeof thrown === "object" && thrown !== null ? thrown : { name: typeof thrown }) as Partial<SdkError>;
  const { name = "Error", message = "", statusCode, responseHeaders } = error;
  // Found in what the SDK says about a missing key.
  const apiKeyVariable = /\b[A-Z][A-Z0-9_]*_(?:KEY|TOKEN)\b/.exec(message)?.[0];
  if (name === "AI_LoadAPIKeyError" || name === "AI_LoadSettingError") {
    return new LlmError("auth", `${to.provider} has no API key${inVariable(apiKeyVariable)}.`, {
      hint: apiKeyVariable === undefined ? undefined : `Set the environment variable ${apiKeyVariable}.`,
    });
  }
  if (statusCode !== undefined && statusCode >= 400) {
    return httpError({
      ...to,
      status: statusCode,
      headers: new Headers({ ...responseHeaders }),
      body: parse(error.responseBody),
      apiKeyVariable: `${to.provider.toUpperCase().replaceAll("-", "_")}_API_KEY`,
    });
  }
  if (thrown instanceof TypeError && /fetch failed|terminated|network/i.test(message)) {
    return networkError(thrown, to.provider);
  }
  // Providers that rely on the shape of an answer stumble over it with a TypeError.
  if (statusCode !== undefined || BAD_RESPONSES.has(name) || thrown instanceof TypeError) {
    return new LlmError("bad_response", `The answer of ${to.provider} to the call to ${to.model} could not be read.`, {
      status: statusCode,
    });
  }
  // Without a status there was no answer; the call error of the SDK then has the reason as its cause.
  if (name === "AI_APICallError") return networkError((thrown as Error).cause, to.provider);
  return new LlmError("bad_request", `The model ${to.provider}:${to.model} failed with ${name}.`);
}

const inVariable = (variable: string | undefined): string => (variable === undefined ? "" : ` in ${variable}`);

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "") as unknown;
  } catch {
    return undefined;
  }
}
