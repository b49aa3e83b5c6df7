import type { Fetch } from "../http/patient-fetch.ts";
import { checkBaseUrl, endpointOf, limiterKeyOf } from "../http/address.ts";

/** A server that speaks OpenAI's protocol, one of its models, and the way in. */
export interface OpenAiServerOptions {
  /** Up to and without the path of a call: `http://localhost:8000/v1`; a query stays behind the path. */
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey?: string | undefined;
  /** Also the name under which `providerOptions` are meant for this model. */
  readonly provider?: string | undefined;
  /** A name for the server, so that its answers are found again behind another URL. The base URL by default. */
  readonly endpoint?: string | undefined;
  /** The environment variable that the key came from, for the error that it is not accepted. */
  readonly apiKeyVariable?: string | undefined;
  readonly fetch?: Fetch | undefined;
}

export interface OpenAiAccess {
  readonly baseUrl: string;
  readonly provider: string;
  readonly endpoint: string;
  readonly limiterKey: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What all calls to a server's model have in common. */
export function accessTo(options: OpenAiServerOptions): OpenAiAccess {
  const baseUrl = checkBaseUrl(options.baseUrl);
  const endpoint = options.endpoint ?? endpointOf(baseUrl);
  const apiKey = options.apiKey?.trim() ?? "";
  return {
    baseUrl,
    provider: options.provider ?? "openai-compatible",
    endpoint,
    limiterKey: limiterKeyOf(baseUrl, apiKey),
    headers: apiKey === "" ? {} : keyHeader(baseUrl, apiKey),
  };
}

// Azure expects its keys in a different header.
const keyHeader = (baseUrl: string, apiKey: string): Readonly<Record<string, string>> =>
  new URL(baseUrl).hostname.endsWith(".azure.com") ? { "api-key": apiKey } : { authorization: `Bearer ${apiKey}` };
