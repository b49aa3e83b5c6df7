import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { sampleOf } from "./sample-of.ts";
import { type Fault, type ModelRequest, type Protocol, protocolOf } from "./providers/wire-protocols.ts";
import type { StructuredMode } from "../../src/llm/calls/transport.ts";

export interface ModelServerOptions {
  /** An object is the answer, a string its verbatim text. Made up from the schema by default. */
  readonly respond?: (request: ModelRequest) => object | string;
  readonly latencyMs?: number;
  readonly rateLimit?: { readonly perSecond: number };
  readonly faults?: (index: number, attempt: number) => Fault | undefined;
  /** Requests that come together are answered last first. */
  readonly reverseOrder?: boolean;
  /** What the server knows of OpenAI's ways to shape an answer; all by default. */
  readonly modes?: readonly StructuredMode[];
  /** False leaves the usage out. */
  readonly usage?: boolean;
  /** How many of the input tokens count as cached. */
  readonly cachedTokens?: number;
}

export interface LogEntry {
  readonly index: number;
  readonly attempt: number;
  readonly mode: StructuredMode;
  readonly status: number;
  readonly fault: Fault | undefined;
  readonly request: ModelRequest;
}

export interface ModelServer extends AsyncDisposable {
  /** Base URL for OpenAI's protocol; the origin is Anthropic's. */
  readonly url: string;
  readonly origin: string;
  readonly requests: number;
  readonly billed: { readonly inputTokens: number; readonly outputTokens: number };
  readonly log: readonly LogEntry[];
  close(): Promise<void>;
}

/** A local server that speaks the protocols of OpenAI and Anthropic, for tests without the real ones. */
export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const models = new Models(options);
  const server = createServer((request, response) => {
    models.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `${origin}/v1`,
    origin,
    log: models.log,
    billed: models.billed,
    get requests() {
      return models.requests;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

class Models {
  readonly log: LogEntry[] = [];
  readonly billed = { inputTokens: 0, outputTokens: 0 };
  requests = 0;
  readonly #options: ModelServerOptions;
  readonly #attempts = new Map<string, { readonly index: number; count: number }>();
  readonly #turns: (() => void)[] = [];
  #turnTimer: NodeJS.Timeout | undefined;
  #permits: number;
  #refilledAtMs = performance.now();

  constructor(options: ModelServerOptions) {
    this.#options = options;
    this.#permits = options.rateLimit?.perSecond ?? 0;
  }

  async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const protocol = protocolOf(incoming.url ?? "");
    const body = (await readJson(incoming)) as Record<string, unknown>;
    if (protocol === undefined) return send(response, 404, { error: { message: "No such path." } });
    const request = this.#readRequest(protocol, body, incoming.headers);
    const fault = this.#options.faults?.(request.index, request.attempt);
    const limit = this.#takePermit();
    const headers = { ...protocol.limitHeaders(limit) };
    const reply = (status: number, payload: object | string, more: Readonly<Record<string, string>> = {}) => {
      this.log.push({ ...request, status, fault, request });
      send(response, status, payload, { ...headers, ...more });
    };
    if (limit?.isRefused === true || fault === "429") {
      const retryAfter = { "retry-after": "1" };
      return reply(429, protocol.error("rate_limit_error", "Too many requests."), retryAfter);
    }
    await this.#takeTurn();
    const failure = FAILURES[fault ?? ""];
    if (failure !== undefined) {
      // As real servers do, it quotes what it was sent.
      const message = `${failure.message} Got: ${request.prompt}`;
      return reply(failure.status, protocol.error(failure.code, message));
    }
    const { modes } = this.#options;
    if (protocol.name === "openai" && modes !== undefined && !modes.includes(request.mode)) {
      return reply(400, protocol.error("invalid_request_error", REJECTIONS[request.mode]));
    }
    this.#send(protocol, request, { response, fault, headers, reply });
  }

  #send(
    protocol: Protocol,
    request: ModelRequest,
    {
      response,
      fault,
      headers,
      reply,
    }: {
      readonly response: ServerResponse;
      readonly fault: Fault | undefined;
      readonly headers: Readonly<Record<string, string>>;
      readonly reply: (status: number, payload: object | string) => void;
    },
  ): void {
    const given = this.#options.respond?.(request) ?? sampleOf(request.schema ?? {});
    const text = typeof given === "string" ? given : JSON.stringify(given);
    const usage = {
      input: Math.ceil(JSON.stringify(request.messages).length / 4),
      output: Math.ceil(text.length / 4),
      cached: this.#options.cachedTokens,
    };
    const isShown = this.#options.usage ?? true;
    const payload = protocol.answer(request, { text, fault, usage: isShown ? usage : undefined });
    if (fault === "stall") {
      this.log.push({ ...request, status: 200, fault, request });
      response.writeHead(200, { "content-type": "application/json", ...headers });
      response.write(JSON.stringify(payload).slice(0, 20));
      return;
    }
    if (fault === "malformed") return reply(200, JSON.stringify(payload).slice(0, 20));
    this.billed.inputTokens += usage.input;
    this.billed.outputTokens += usage.output;
    reply(200, payload);
  }

  #readRequest(
    protocol: Protocol,
    body: Readonly<Record<string, unknown>>,
    headers: IncomingMessage["headers"],
  ): ModelRequest {
    const messages = body["messages"] as ModelRequest["messages"];
    // A repaired conversation begins like the first.
    const first = messages.find(({ role }) => role === "user")?.content ?? "";
    const seen = this.#attempts.get(first) ?? { index: this.#attempts.size, count: 0 };
    seen.count += 1;
    this.#attempts.set(first, seen);
    return {
      protocol: protocol.name,
      model: String(body["model"]),
      messages,
      prompt: messages.at(-1)?.content ?? "",
      ...protocol.shapeOf(body),
      body,
      headers,
      index: seen.index,
      attempt: seen.count,
    };
  }

  #takePermit() {
    const { rateLimit } = this.#options;
    if (rateLimit === undefined) return undefined;
    const { perSecond } = rateLimit;
    const nowMs = performance.now();
    this.#permits = Math.min(perSecond, this.#permits + ((nowMs - this.#refilledAtMs) / 1_000) * perSecond);
    this.#refilledAtMs = nowMs;
    const isRefused = this.#permits < 1;
    if (!isRefused) this.#permits -= 1;
    const resetMs = Math.ceil(((perSecond - this.#permits) / perSecond) * 1_000);
    return { isRefused, perSecond, remaining: Math.floor(this.#permits), resetMs };
  }

  async #takeTurn(): Promise<void> {
    const { latencyMs = 0, reverseOrder = false } = this.#options;
    if (!reverseOrder) {
      if (latencyMs > 0) await sleep(latencyMs);
      return;
    }
    await new Promise<void>((resolve) => {
      this.#turns.push(resolve);
      clearTimeout(this.#turnTimer);
      this.#turnTimer = setTimeout(() => void this.#giveTurns(), Math.max(20, latencyMs));
    });
  }

  async #giveTurns(): Promise<void> {
    for (let turn = this.#turns.pop(); turn !== undefined; turn = this.#turns.pop()) {
      turn();
      await sleep(1);
    }
  }
}

const FAILURES: Readonly<Record<string, { status: number; code: string; message: string }>> = {
  "400": { status: 400, code: "invalid_value", message: "Unsupported value: 'temperature' does not support 0." },
  "401": { status: 401, code: "invalid_api_key", message: "Incorrect API key provided." },
  "500": { status: 500, code: "server_error", message: "The server had an error." },
  quota: { status: 429, code: "insufficient_quota", message: "You exceeded your current quota." },
  context_length: { status: 400, code: "context_length_exceeded", message: "The maximum context length is 10 tokens." },
};

const REJECTIONS: Readonly<Record<StructuredMode, string>> = {
  json_schema: "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
  json_object: "Invalid parameter: 'response_format' of type 'json_object' is not supported with this model.",
  tool: "This model does not support tools.",
  none: "This model does not answer.",
};

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

function send(
  response: ServerResponse,
  status: number,
  payload: object | string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof payload === "string" ? payload : JSON.stringify(payload));
}
