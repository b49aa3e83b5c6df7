/** One turn of a conversation. */
export interface LlmMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** How an answer is to be shaped, by the strongest way a model offers. */
export type StructuredMode = "json_schema" | "tool" | "json_object" | "none";

/** A rendered request, as the response cache knows it: everything that decides the answer but the endpoint. */
export interface LlmRequest {
  readonly messages: readonly LlmMessage[];
  /** JSON Schema of the answer, and the name it goes by. */
  readonly schema: { readonly name: string; readonly json: Readonly<Record<string, unknown>> };
  readonly params: LlmParams;
}

/** Sent only where they are set: models differ in what they accept. */
export interface LlmParams {
  readonly temperature?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly seed?: number | undefined;
  /** Options of one provider, passed through. */
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/** Null when the server does not report it: unknown is not zero. */
export interface LlmUsage {
  /** All tokens of the prompt, those that the provider had cached too. */
  readonly inputTokens: number | null;
  /** All tokens that were generated, those of thinking too. */
  readonly outputTokens: number | null;
  /** Of the input, what the provider read from its cache. */
  readonly cachedInputTokens: number | null;
  /** Of the input, what the provider wrote to its cache. */
  readonly cacheWriteTokens?: number | null | undefined;
  /** Of the output, what went into thinking. */
  readonly reasoningTokens?: number | null | undefined;
}

export interface LlmAnswer {
  readonly text: string;
  readonly finish: "stop" | "length" | "content_filter" | "refusal" | "other";
  readonly usage: LlmUsage;
  /** The model that the provider reports. */
  readonly model: string;
  readonly rateLimit: RateLimit | undefined;
}

/** What the headers of an answer say about the next calls. */
export interface RateLimit {
  readonly remainingRequests?: number | undefined;
  readonly remainingTokens?: number | undefined;
  /** Until the requests or tokens are there again. */
  readonly resetMs?: number | undefined;
}

/** A way to one model. Transports never retry, never wait for a limit and never cache; they throw `LlmError`. */
export interface LlmTransport {
  readonly provider: string;
  /** The model's name as the provider knows it. */
  readonly model: string;
  /** Name of the endpoint: two servers with a model of one name are two. */
  readonly endpoint: string;
  /** Calls that share it share one limit. */
  readonly limiterKey: string;
  /** Settings that nobody can see decide its answers: none is kept for a later call. */
  readonly isOpaque?: boolean | undefined;
  call(request: LlmRequest, options: { readonly signal: AbortSignal }): Promise<LlmAnswer>;
}
