import { untilAborted } from "../../../core/abort.ts";
import { LlmError } from "../../calls/llm-error.ts";
import { type Fetch, patientFetch } from "./patient-fetch.ts";

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
export async function postJson({ url, headers, body, signal, fetch = patientFetch }: JsonPost): Promise<JsonReply> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal,
      redirect: "manual",
    });
    if (isRedirect(response)) throw redirectError(url, response);
    // A fetch that is not the global one need not know that the signal is for the body as well.
    const text = await untilAborted(response.text(), signal);
    return { status: response.status, isOk: response.ok, headers: response.headers, body: parse(text) };
  } catch (error) {
    if (error instanceof LlmError) throw error;
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

// One that a browser's fetch does not show has no status.
const isRedirect = ({ status, type }: Response): boolean =>
  type === "opaqueredirect" || (status >= 301 && status <= 308 && status !== 304);

// A gate of the network in between (a hotel's, a proxy's) sends away like this, and so does a wrong address.
function redirectError(url: string, { status, headers }: Response): LlmError {
  const target = headers.get("location") ?? "";
  const to = URL.canParse(target, url) ? new URL(target, url).origin : "another address";
  return new LlmError(
    "network",
    `${new URL(url).origin} sends calls on to ${to} (HTTP ${status}), which is not followed.`,
    { status, hint: "Key and prompt would go there. If that is where the model is, make it the base URL." },
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
