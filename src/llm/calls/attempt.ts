import { GracefulAbort, untilAborted } from "../../core/abort.ts";
import { type AnyAnswer, checkAnswer, checkUsage } from "./check-answer.ts";
import { LlmError, type LlmErrorKind } from "./llm-error.ts";
import { abortedError, onAbort } from "./on-abort.ts";
import type { LlmUsage } from "./transport.ts";

/** Sends one request; it never retries and never waits for a limit. */
export type Send<Answer extends AnyAnswer> = (signal: AbortSignal) => Promise<Answer>;

/** One request to the server. */
export type Attempt<Answer extends AnyAnswer = AnyAnswer> = (
  | { readonly answer: Answer; readonly error: undefined }
  | { readonly answer: undefined; readonly error: LlmError }
) & {
  readonly latencyMs: number;
  /** Undefined where the server said nothing. */
  readonly usage: LlmUsage | undefined;
  /** Null where nobody knows: a call that timed out may be billed all the same. */
  readonly costUsd: number | null;
};

export interface AttemptOptions {
  /** Whom to name when it fails. */
  readonly provider: string;
  readonly model: string;
  readonly signal: AbortSignal;
  /** For the whole answer, its body included. */
  readonly timeoutMs: number;
  readonly costOf: (usage: LlmUsage) => number | null;
}

// A longer timer fires at once.
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Sends a request once. Failures are part of the result, as `LlmError`s all. */
export async function attemptCall<Answer extends AnyAnswer>(
  send: Send<Answer>,
  options: AttemptOptions,
): Promise<Attempt<Answer>> {
  const startedAtMs = performance.now();
  try {
    const answer = checkAnswer(await callInTime(send, options), options.model);
    const latencyMs = performance.now() - startedAtMs;
    const { usage } = answer;
    return { answer, error: undefined, latencyMs, usage, costUsd: options.costOf(usage) };
  } catch (thrown) {
    const latencyMs = performance.now() - startedAtMs;
    const error = toLlmError(thrown, options);
    const usage = error.usage === undefined ? undefined : checkUsage(error.usage);
    const costUsd = usage === undefined ? costWithoutUsage(error) : options.costOf(usage);
    return { answer: undefined, error, latencyMs, usage, costUsd };
  }
}

async function callInTime<Answer extends AnyAnswer>(
  send: Send<Answer>,
  { provider, signal, timeoutMs }: AttemptOptions,
): Promise<Answer> {
  const stop = new AbortController();
  const timer = setTimeout(
    () => {
      const message = `${provider} did not answer completely within ${timeoutMs} ms.`;
      stop.abort(new LlmError("timeout", message, { hint: "Raise `llm.timeoutMs`, or ask for shorter answers." }));
    },
    Math.min(timeoutMs, MAX_TIMER_MS),
  );
  const abort = () => stop.abort(abortedError(signal));
  // The answer is being paid for: it may still come, to be kept.
  let stopWaiting: (() => void) | undefined;
  const stopListening = onAbort(signal, () => {
    const reason: unknown = signal.reason;
    if (reason instanceof GracefulAbort) stopWaiting = onAbort(reason.now, abort);
    else abort();
  });
  try {
    // A transport may not hear the signal while a body stalls; the call ends all the same.
    return await untilAborted(send(stop.signal), stop.signal);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    stopListening();
    stopWaiting?.();
  }
}

/** Transports throw `LlmError`s; what else comes up keeps its text to itself, which may quote the request. */
function toLlmError(thrown: unknown, { provider }: Pick<AttemptOptions, "provider">): LlmError {
  if (thrown instanceof LlmError) return thrown;
  const code = systemCodeOf(thrown);
  if (code !== undefined)
    return new LlmError("network", `${provider} could not be reached: ${code}.`, { cause: thrown });
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  return new LlmError("bad_request", `The transport of ${provider} failed with a ${name}.`, { cause: thrown });
}

const UNBILLED: ReadonlySet<LlmErrorKind> = new Set([
  "auth",
  "quota",
  "rate_limit",
  "server",
  "bad_request",
  "context_length",
]);
// A gate gave up on a server that may have gone on.
const TIMED_OUT: ReadonlySet<number> = new Set([408, 504, 524]);
const UNSENT_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** A refusal costs nothing; but a server that checks the answer itself has had one made. */
function costWithoutUsage(error: LlmError): number | null {
  const { kind, status } = error;
  if (status !== undefined && status >= 300) return kind === "invalid_output" || TIMED_OUT.has(status) ? null : 0;
  return UNBILLED.has(kind) || UNSENT_CODES.has(systemCodeOf(error) ?? "") ? 0 : null;
}

/** `ECONNREFUSED` and the like; `fetch` hides it in a cause. */
function systemCodeOf(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code } = error as { readonly code?: unknown };
    if (typeof code === "string" && /^(E[A-Z_]+|UND_ERR_[A-Z_]+)$/.test(code)) return code;
  }
  return undefined;
}
