import { untilAborted } from "../../../core/abort.ts";
import { UsageError } from "../../../core/errors.ts";
import { LlmError } from "../../calls/llm-error.ts";

export type Fetch = typeof globalThis.fetch;

export interface JsonPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly fetch: Fetch | undefined;
}

export interface JsonReply {
  readonly status: number;
  readonly isOk: boolean;
  readonly headers: Headers;
  /** Undefined when it is not JSON. */
  readonly body: unknown;
}

/** Sends JSON and reads the whole answer, all of it within the signal. */
export async function postJson({ url, headers, body, signal, fetch = globalThis.fetch }: JsonPost): Promise<JsonReply> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal,
    });
    // A fetch that is not the global one need not know that the signal is for the body as well.
    const text = await untilAborted(response.text(), signal);
    return { status: response.status, isOk: response.ok, headers: response.headers, body: parse(text) };
  } catch (error) {
    throw signal.aborted ? abortError(signal) : networkError(error, new URL(url).origin);
  }
}

/** A call that its signal ended: in time, or because the time was over. */
export function abortError({ reason }: AbortSignal): LlmError {
  if (reason instanceof LlmError) return reason;
  return reason instanceof Error && reason.name === "TimeoutError"
    ? new LlmError("timeout", "The model gave no whole answer in time.", { cause: reason })
    : new LlmError("aborted", "The call was aborted.", { cause: reason });
}

/** A server that could not be reached, or a connection that broke. */
export function networkError(error: unknown, place: string): LlmError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code } = (typeof cause === "object" && cause !== null ? cause : {}) as { readonly code?: unknown };
  const reason = typeof code === "string" ? ` (${code})` : "";
  return new LlmError("network", `No connection to ${place}${reason}.`, {
    cause: error,
    hint: code === "ECONNREFUSED" ? "See whether the server runs there." : undefined,
  });
}

/** A base URL without the slash at its end. */
export function checkBaseUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isUsable = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "";
  if (isUsable) return value.replace(/\/+$/, "");
  throw new UsageError("LLM_BASE_URL", "The base URL of a model is not usable.", {
    hint: "Write it as https://host/v1, without a user name in it.",
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
