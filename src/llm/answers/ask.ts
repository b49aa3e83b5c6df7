import { z } from "zod";
import { UsageError } from "../../core/errors.ts";
import type { Attempt } from "../calls/attempt.ts";
import type { Outage } from "../calls/breaker.ts";
import { callModel } from "../calls/call-model.ts";
import { LlmError } from "../calls/llm-error.ts";
import { parseAnswer } from "./parse-answer.ts";
import { whilePending } from "./pending-answers.ts";
import { costOf, maxTokensOf } from "./cost.ts";
import { type Prompt, renderRequest, requestKey } from "../prompts/prompt.ts";
import { type CallEnd, type Caller, type CallHead, newCallId } from "./call-book.ts";
import type { OutputLimit } from "./output-limit.ts";
import type { CachedAnswer } from "./response-cache.ts";
import type { LlmSession } from "./session.ts";
import {
  addUsage,
  CACHED_CALL,
  NO_USAGE,
  type Telemetry,
  UNKNOWN_USAGE,
  usageOfCall,
  type UsageTotals,
} from "./telemetry.ts";
import type { LlmAnswer, LlmRequest, LlmUsage } from "../calls/transport.ts";

export interface AskOptions {
  readonly signal: AbortSignal;
  /** The unit that calls are booked for; without one they are booked for nobody. */
  readonly caller?: Caller | undefined;
  /** Called when calls wait for a provider that is down, and when it is back. */
  readonly onOutage?: ((outage: Outage) => void) | undefined;
  /** Called with everything that was paid for, even without an answer, and with the provider. */
  readonly onUsage: (usage: UsageTotals, transport: { readonly provider: string }) => void;
  /** Called with the name of every signature that is asked. */
  readonly onAsk?: ((signature: string) => void) | undefined;
  readonly onPrediction?: ((asked: AskedSignature) => void) | undefined;
}

/** What was asked by a signature, and what came of it. */
export interface AskedSignature {
  readonly signature: string;
  readonly input: unknown;
  readonly output: unknown;
  /** The output has a field to think in. */
  readonly withReasoning: boolean;
}

export interface Asked {
  readonly output: unknown;
  readonly telemetry: Telemetry;
  /** What it is found under. */
  readonly key: string;
}

const MAX_REPAIRS = 1;

type Asking = Map<string, Promise<Asked>>;

// Calls of one process that would ask the same at the same time; the first one asks for all. Only with the same book:
// what a probe makes up is nothing to a run.
const inFlightByBook = new WeakMap<object, Asking>();
const WITHOUT_BOOK: Asking = new Map();

function inFlightOf({ book }: LlmSession): Asking {
  if (book === undefined) return WITHOUT_BOOK;
  const known = inFlightByBook.get(book) ?? new Map();
  inFlightByBook.set(book, known);
  return known;
}

/** Answers one input: from the cache, or by asking the model, checking, repairing at most once, and caching. */
export async function ask(session: LlmSession, prompt: Prompt, input: unknown, options: AskOptions): Promise<Asked> {
  const request = renderRequest(prompt, checkInput(prompt, input), session.params);
  const key = requestKey(request, session.transport);
  const isShared = session.cacheMode === "on" || session.cacheMode === "only";
  const inFlight = inFlightOf(session);
  const running = isShared ? inFlight.get(key) : undefined;
  if (running !== undefined) {
    const asked = await running.catch((error: unknown) => {
      // The caller that asked has given up; this one has not, so it asks itself.
      if (error instanceof LlmError && error.kind === "aborted" && !options.signal.aborted) return undefined;
      throw error;
    });
    if (asked === undefined) return ask(session, prompt, input, options);
    return bookHit(session, prompt, asked, options);
  }
  const asking = whilePending(options.caller?.runId, askOnce(session, prompt, { request, key }, options));
  if (!isShared) return asking;
  inFlight.set(key, asking);
  // Waiters get the rejection; without waiters it must not become an unhandled one.
  asking.catch(() => undefined);
  try {
    return await asking;
  } finally {
    inFlight.delete(key);
  }
}

/** Returns an answer that cost nothing this time. */
async function bookHit(session: LlmSession, prompt: Prompt, asked: Asked, options: AskOptions): Promise<Asked> {
  const { llmModel, llmCostUsd } = asked.telemetry;
  await session.book?.hit({
    ...headOf(session, prompt, asked.key, options),
    kind: "ask",
    answeredBy: llmModel,
    savedUsd: llmCostUsd,
  });
  options.onUsage(CACHED_CALL, session.transport);
  return { ...asked, telemetry: { ...asked.telemetry, llmCached: true } };
}

const headOf = ({ transport }: LlmSession, prompt: Prompt, key: string, { caller }: AskOptions) => ({
  ...caller,
  signature: prompt.name,
  key,
  provider: transport.provider,
  askedModel: transport.model,
});

function checkInput({ name, input: schema }: Prompt, input: unknown): Readonly<Record<string, unknown>> {
  const result = schema.safeParse(input);
  if (result.success) {
    const bytes = Object.entries(result.data).find(([, value]) => holdsBytes(value, 0))?.[0];
    if (bytes === undefined) return result.data;
    throw new UsageError(
      "LLM_INPUT",
      `The input "${bytes}" of ${name} holds bytes, which cannot be part of a prompt.`,
      {
        hint: "Give text: images and files are not supported yet.",
      },
    );
  }
  throw new UsageError(
    "LLM_INPUT",
    `The input of ${name} does not fit its signature:\n${z.prettifyError(result.error)}`,
    {
      hint: "Pass what the signature's `input` declares.",
    },
  );
}

/** As JSON they would be thousands of numbers, paid for one by one. */
function holdsBytes(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null || depth > 8) return false;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob) return true;
  return Object.values(value).some((member) => holdsBytes(member, depth + 1));
}

async function askOnce(
  session: LlmSession,
  prompt: Prompt,
  { request, key }: { readonly request: LlmRequest; readonly key: string },
  options: AskOptions,
): Promise<Asked> {
  const kept = await readCache(session, prompt, key);
  if (kept !== undefined) return bookHit(session, prompt, kept, options);
  if (session.cacheMode === "only") {
    throw new LlmError("bad_request", `The answer of ${prompt.name} is not in the cache, and calls are not allowed.`, {
      hint: 'Run without `cache: "only"`.',
    });
  }
  return new Conversation(session, prompt, { key, request, options }).run();
}

async function readCache({ book, cacheMode }: LlmSession, prompt: Prompt, key: string): Promise<Asked | undefined> {
  if (book === undefined || cacheMode === "off" || cacheMode === "refresh") return undefined;
  const answer = (await book.read<CachedAnswer>([key])).get(key);
  if (answer === undefined) return undefined;
  try {
    return { output: parseAnswer(prompt, answer), key, telemetry: telemetryOf(answer, { isCached: true }) };
  } catch (error) {
    // The signature has become stricter since.
    if (error instanceof LlmError) return undefined;
    throw error;
  }
}

function telemetryOf(
  { model, usage, costUsd, latencyMs = 0 }: CachedAnswer,
  { isCached }: { readonly isCached: boolean },
): Telemetry {
  return {
    llmModel: model,
    llmInputTokens: usage.inputTokens,
    llmOutputTokens: usage.outputTokens,
    llmCostUsd: costUsd,
    llmLatencyMs: Math.round(latencyMs),
    llmCached: isCached,
  };
}

/** One request and, if the answer does not fit, one more turn that explains why. Every call is recorded. */
class Conversation {
  #usage: UsageTotals = NO_USAGE;
  #latencyMs = 0;
  #kind: CallHead["kind"] = "ask";
  #callId = "";
  /** The learned limit that cut an answer off. */
  #cutAt: number | undefined;
  readonly #session: LlmSession;
  readonly #prompt: Prompt;
  readonly #asked: ConversationOptions;

  constructor(session: LlmSession, prompt: Prompt, asked: ConversationOptions) {
    this.#session = session;
    this.#prompt = prompt;
    this.#asked = asked;
  }

  async run(): Promise<Asked> {
    const { options, request } = this.#asked;
    try {
      for (let repairs = 0, current = request; ;) {
        const called = await this.#call(current).catch(unfitAnswer);
        const unfit = called instanceof LlmError ? called : await this.#check(called);
        if (!(unfit instanceof LlmError)) return unfit;
        // It was cut off by a limit that the user did not set: retry with more room.
        if (unfit.kind === "truncated" && !(called instanceof LlmError) && called.limit?.isLearned === true) {
          this.#cutAt = called.limit.tokens;
          continue;
        }
        if (unfit.kind !== "invalid_output" || repairs >= MAX_REPAIRS) throw unfit;
        repairs += 1;
        this.#kind = "repair";
        current = repairOf(current, unfit, called instanceof LlmError ? called.answerText : called.answer.text);
      }
    } finally {
      if (this.#usage.calls > 0) options.onUsage(this.#usage, this.#session.transport);
    }
  }

  /** The answer as it is cached, or why it is not valid. */
  async #check({ answer, attempt }: Called): Promise<Asked | LlmError> {
    const output = this.#parse(answer);
    if (!(output instanceof LlmError)) return this.#keep(answer, attempt, output.value);
    await this.#end(attempt, { status: output.kind, answeredBy: answer.model, rejected: answer.text });
    return output;
  }

  #parse(answer: LlmAnswer): { readonly value: unknown } | LlmError {
    try {
      return { value: parseAnswer(this.#prompt, answer) };
    } catch (error) {
      if (error instanceof LlmError) return error;
      throw error;
    }
  }

  /** Under a budget a limit of output is always sent, since only that bounds what a call costs. */
  async #call(request: LlmRequest): Promise<Called> {
    const { budget, outputLimits, transport } = this.#session;
    if (budget === undefined) return this.#send(request, undefined);
    const signature = this.#prompt.name;
    return outputLimits.inTurn(signature, transport.model, async () => {
      const limit = outputLimits.limitOf(signature, { isShort: false, cutAt: this.#cutAt });
      try {
        return await this.#send(request, limit);
      } catch (error) {
        const tight = outputLimits.limitOf(signature, { isShort: true, cutAt: this.#cutAt });
        const mayFit = error instanceof LlmError && error.kind === "budget" && tight.maxTokens < limit.maxTokens;
        if (!mayFit) throw error;
        return this.#send(request, tight);
      }
    });
  }

  #mostUsd(request: LlmRequest, limit: OutputLimit | undefined): number | undefined {
    const { price } = this.#session;
    if (price === undefined || limit === undefined) return undefined;
    return costOf(mostOf(request, limit.maxTokens), price) ?? undefined;
  }

  async #send(request: LlmRequest, limit: OutputLimit | undefined): Promise<Called> {
    const { transport, timeoutMs, outageTimeoutMs, maxRetries, budget, price, outputLimits } = this.#session;
    const { signal } = this.#asked.options;
    const sent =
      limit === undefined ? request : { ...request, params: { ...request.params, maxOutputTokens: limit.tokens } };
    const { answer, attempts, latencyMs } = await callModel(
      transport,
      (until) => transport.call(sent, { signal: until }),
      {
        signal,
        estimatedTokens: guessTokens(request),
        timeoutMs,
        outageTimeoutMs,
        onOutage: this.#asked.options.onOutage,
        maxRetries,
        budget,
        estimateUsd: this.#mostUsd(request, limit),
        recorder: {
          sent: (reservedUsd) => this.#begin(reservedUsd),
          failed: (attempt) =>
            this.#end(attempt, { status: attempt.error?.kind ?? "server", rejected: attempt.error?.answerText }),
        },
        onAttempt: ({ usage, costUsd }) => {
          this.#usage = addUsage(this.#usage, usageOfCall({ ...(usage ?? UNKNOWN_USAGE), costUsd }));
          if (usage !== undefined) outputLimits.learn(this.#prompt.name, usage.outputTokens);
        },
        costOf: (usage) => (price === undefined ? null : costOf(usage, price)),
      },
    );
    this.#latencyMs += latencyMs;
    const last = attempts.at(-1);
    if (last === undefined) throw new TypeError("A call that gave an answer has made no attempt.");
    return { answer, attempt: last, limit };
  }

  async #begin(reservedUsd: number | undefined): Promise<void> {
    const { book } = this.#session;
    if (book === undefined) return;
    const { key, options } = this.#asked;
    this.#callId = newCallId();
    await book.begin({
      ...headOf(this.#session, this.#prompt, key, options),
      id: this.#callId,
      kind: this.#kind,
      reservedUsd,
    });
    this.#kind = "retry";
  }

  async #end(attempt: Attempt, end: Pick<CallEnd, "status" | "answeredBy" | "rejected" | "kept">): Promise<void> {
    const { book, storesRequests } = this.#session;
    const { rejected, ...rest } = end;
    const { key, request } = this.#asked;
    const { usage, costUsd, latencyMs } = attempt;
    await book?.end({
      id: this.#callId,
      ...usage,
      costUsd,
      latencyMs,
      ...rest,
      ...(storesRequests ? { rejected, request: { key, body: request } } : {}),
    });
  }

  async #keep(answer: LlmAnswer, attempt: Attempt, output: unknown): Promise<Asked> {
    const { transport, cacheMode } = this.#session;
    const { text, finish, model } = answer;
    const { key } = this.#asked;
    // An answer of unknown price has none, whatever attempts before it cost.
    const costUsd = attempt.costUsd === null ? null : this.#usage.costUsd;
    const { inputTokens, outputTokens } = this.#usage;
    const isCounted = answer.usage.inputTokens !== null && answer.usage.outputTokens !== null;
    const usage = isCounted ? { ...answer.usage, inputTokens, outputTokens } : answer.usage;
    const kept: CachedAnswer = { text, finish, model, usage, costUsd, latencyMs: this.#latencyMs };
    const entry = { key, program: this.#prompt.name, provider: transport.provider, answer: kept };
    await this.#end(attempt, { status: "ok", answeredBy: model, kept: cacheMode === "off" ? [] : [entry] });
    return { output, key, telemetry: telemetryOf(kept, { isCached: false }) };
  }
}

/** Some servers check the answer themselves, and refuse the call for it. */
function unfitAnswer(error: unknown): LlmError {
  if (error instanceof LlmError && error.kind === "invalid_output") return error;
  throw error;
}

/** The same request plus what is wrong with the answer; if the answer is unknown, the request is just repeated. */
function repairOf(request: LlmRequest, unfit: LlmError, answer: string | undefined): LlmRequest {
  if (answer === undefined) return request;
  return {
    ...request,
    messages: [
      ...request.messages,
      { role: "assistant", content: answer },
      { role: "user", content: `${unfit.message}\nAnswer with the corrected JSON object alone.` },
    ],
  };
}

interface Called {
  readonly answer: LlmAnswer;
  readonly attempt: Attempt;
  /** There with a budget. */
  readonly limit: OutputLimit | undefined;
}

interface ConversationOptions {
  readonly key: string;
  readonly request: LlmRequest;
  readonly options: AskOptions;
}

/** Four characters a token: only to pace by, so it need not be exact. */
function guessTokens({ messages, params }: LlmRequest): number {
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
  return Math.ceil(characters / 4) + (params.maxOutputTokens ?? 1);
}

/** The most that a call can take. The schema may go along twice: as a parameter, and as words of the prompt. */
function mostOf({ messages, schema }: LlmRequest, outputTokens: number): LlmUsage {
  const json = JSON.stringify(schema.json);
  const inputTokens = maxTokensOf([...messages.map(({ content }) => content), json, json]);
  return { inputTokens, outputTokens, cachedInputTokens: 0 };
}
