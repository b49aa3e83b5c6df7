import { z } from "zod";
import { UsageError } from "../../core/errors.ts";
import type { Attempt } from "../calls/attempt.ts";
import { callModel } from "../calls/call-model.ts";
import { LlmError } from "../calls/llm-error.ts";
import { parseAnswer } from "./parse-answer.ts";
import { costOf } from "./cost.ts";
import { type Prompt, renderRequest, requestKey } from "../prompts/prompt.ts";
import type { CachedAnswer } from "./response-cache.ts";
import type { LlmSession } from "./session.ts";
import { addUsage, NO_USAGE, type Telemetry, UNKNOWN_USAGE, type UsageTotals } from "./telemetry.ts";
import type { LlmAnswer, LlmRequest, LlmUsage } from "../calls/transport.ts";

export interface AskOptions {
  readonly signal: AbortSignal;
  /** Hears of everything that was paid for, also when no answer came of it, and by whom it was made. */
  readonly onUsage: (usage: UsageTotals, transport: { readonly provider: string }) => void;
  /** Hears the name of every signature that is asked. */
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
  /** What the answer cost when it was asked, also when it comes from the cache; null where that is not known. */
  readonly paidUsd: number | null;
}

const MAX_REPAIRS = 1;

// Calls of one process that would ask the same at the same time; the first one asks for all.
const inFlight = new Map<string, Promise<Asked>>();

/** Puts one input to the model: from the cache, or asked, checked, repaired once at the most, and then kept. */
export async function ask(session: LlmSession, program: Prompt, input: unknown, options: AskOptions): Promise<Asked> {
  const request = renderRequest(program, checkInput(program, input), session.params);
  const key = requestKey(request, session.transport);
  const isShared = session.cacheMode === "on" || session.cacheMode === "only";
  const running = isShared ? inFlight.get(key) : undefined;
  if (running !== undefined) {
    const asked = await running.catch((error: unknown) => {
      // Whoever asked has given up, which is nothing to this one.
      if (error instanceof LlmError && error.kind === "aborted" && !options.signal.aborted) return undefined;
      throw error;
    });
    if (asked === undefined) return ask(session, program, input, options);
    options.onUsage({ ...NO_USAGE, calls: 1, cachedCalls: 1 }, session.transport);
    return { ...asked, telemetry: cachedTelemetry(asked.telemetry.llmModel), paidUsd: 0 };
  }
  const asking = askOnce(session, program, { request, key }, options);
  if (!isShared) return asking;
  inFlight.set(key, asking);
  // Whoever waits for it hears of the failure; that nobody does is no failure of its own.
  asking.catch(() => undefined);
  try {
    return await asking;
  } finally {
    inFlight.delete(key);
  }
}

function checkInput({ name, input: schema }: Prompt, input: unknown): Readonly<Record<string, unknown>> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new UsageError("LLM_INPUT", `The input of ${name} does not fit:\n${z.prettifyError(result.error)}`, {
    hint: "Give what the signature's `input` declares.",
  });
}

async function askOnce(
  session: LlmSession,
  program: Prompt,
  { request, key }: { readonly request: LlmRequest; readonly key: string },
  options: AskOptions,
): Promise<Asked> {
  const kept = await readCache(session, program, key);
  if (kept !== undefined) {
    options.onUsage({ ...NO_USAGE, calls: 1, cachedCalls: 1 }, session.transport);
    const { model, costUsd } = kept.answer;
    return { output: kept.output, telemetry: cachedTelemetry(model), key, paidUsd: costUsd };
  }
  if (session.cacheMode === "only") {
    throw new LlmError("bad_request", `The answer of ${program.name} is not in the cache, and nothing may be asked.`, {
      hint: 'Run without `cache: "only"`.',
    });
  }
  const conversation = new Conversation(session, program, options);
  try {
    const { answer, output } = await conversation.run(request);
    const { usage, latencyMs } = conversation;
    const { text, finish, model } = answer;
    const kept: CachedAnswer = { text, finish, model, usage: answer.usage, costUsd: usage.costUsd };
    if (session.cacheMode !== "off") {
      const { provider } = session.transport;
      await session.cache?.write([{ key, program: program.name, provider, answer: kept }]);
    }
    return {
      output,
      key,
      paidUsd: usage.costUsd,
      telemetry: {
        llmModel: answer.model,
        llmInputTokens: usage.inputTokens,
        llmOutputTokens: usage.outputTokens,
        llmCostUsd: usage.costUsd,
        llmLatencyMs: Math.round(latencyMs),
        llmCached: false,
      },
    };
  } finally {
    options.onUsage(conversation.usage, session.transport);
  }
}

async function readCache(
  { cache, cacheMode }: LlmSession,
  program: Prompt,
  key: string,
): Promise<{ readonly answer: CachedAnswer; readonly output: unknown } | undefined> {
  if (cache === undefined || cacheMode === "off" || cacheMode === "refresh") return undefined;
  const answer = (await cache.read<CachedAnswer>([key])).get(key);
  if (answer === undefined) return undefined;
  try {
    return { answer, output: parseAnswer(program, answer) };
  } catch (error) {
    // The signature has become stricter since.
    if (error instanceof LlmError) return undefined;
    throw error;
  }
}

/** One request and, where the answer does not fit, one more turn that says why. */
class Conversation {
  usage: UsageTotals = NO_USAGE;
  latencyMs = 0;
  readonly #session: LlmSession;
  readonly #program: Prompt;
  readonly #options: AskOptions;

  constructor(session: LlmSession, program: Prompt, options: AskOptions) {
    this.#session = session;
    this.#program = program;
    this.#options = options;
  }

  async run(request: LlmRequest): Promise<{ readonly answer: LlmAnswer; readonly output: unknown }> {
    for (let repairs = 0, current = request; ; repairs += 1) {
      const answer = await this.#call(current);
      try {
        return { answer, output: parseAnswer(this.#program, answer) };
      } catch (error) {
        const isRepairable = error instanceof LlmError && error.kind === "invalid_output" && repairs < MAX_REPAIRS;
        if (!isRepairable) throw error;
        current = {
          ...current,
          messages: [
            ...current.messages,
            { role: "assistant", content: answer.text },
            { role: "user", content: `${error.message}\nAnswer with the corrected JSON object alone.` },
          ],
        };
      }
    }
  }

  async #call(request: LlmRequest): Promise<LlmAnswer> {
    const { transport, timeoutMs, maxRetries, budget, price } = this.#session;
    const { signal } = this.#options;
    const called = await callModel(transport, (until) => transport.call(request, { signal: until }), {
      signal,
      estimatedTokens: guessTokens(request),
      timeoutMs,
      maxRetries,
      budget,
      estimateUsd: price === undefined ? undefined : (costOf(estimate(request), price) ?? undefined),
      onAttempt: (attempt) => this.#count(attempt),
      costOf: (usage) => (price === undefined ? null : costOf(usage, price)),
    });
    this.latencyMs += called.latencyMs;
    return called.answer;
  }

  // What failed was paid for where the server says what it took.
  #count({ answer, usage, costUsd }: Attempt): void {
    if (answer === undefined && usage === undefined) return;
    const { inputTokens, outputTokens } = usage ?? UNKNOWN_USAGE;
    this.usage = addUsage(this.usage, { calls: 1, cachedCalls: 0, inputTokens, outputTokens, costUsd });
  }
}

/** Four characters a token: only to pace by, so it need not be exact. */
function guessTokens({ messages, params }: LlmRequest): number {
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
  return Math.ceil(characters / 4) + (params.maxOutputTokens ?? 1);
}

const DEFAULT_OUTPUT_TOKENS = 4_096;

// An upper bound where the output is limited: three characters a token are fewer than any tokenizer makes of prose.
function estimate({ messages, params, schema }: LlmRequest): LlmUsage {
  const characters = messages.reduce((sum, { content }) => sum + content.length, JSON.stringify(schema.json).length);
  return {
    inputTokens: Math.ceil(characters / 3),
    outputTokens: params.maxOutputTokens ?? DEFAULT_OUTPUT_TOKENS,
    cachedInputTokens: 0,
  };
}

function cachedTelemetry(model: string): Telemetry {
  return {
    llmModel: model,
    llmInputTokens: 0,
    llmOutputTokens: 0,
    llmCostUsd: 0,
    llmLatencyMs: 0,
    llmCached: true,
  };
}
