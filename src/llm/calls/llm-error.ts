import { MillraceError } from "../../core/errors.ts";
import type { LlmUsage, RateLimit } from "./transport.ts";

/** What went wrong with a call, by what can be done about it. */
export type LlmErrorKind =
  | "auth"
  | "quota"
  | "rate_limit"
  | "server"
  | "network"
  | "timeout"
  | "aborted"
  | "bad_request"
  | "context_length"
  | "refusal"
  | "content_filter"
  | "truncated"
  | "invalid_output"
  | "bad_response"
  | "budget"
  | "outage";

const RETRIED: ReadonlySet<LlmErrorKind> = new Set(["rate_limit", "server", "network", "timeout", "bad_response"]);
const FATAL: ReadonlySet<LlmErrorKind> = new Set(["auth", "quota", "budget", "outage"]);

export interface LlmErrorOptions {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** How long the server asked to wait. */
  readonly retryAfterMs?: number | undefined;
  /** HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** What the failed call used, if the answer reports it. */
  readonly usage?: LlmUsage | undefined;
  /** What the model wrote, if the server itself rejected it as an answer. */
  readonly answerText?: string | undefined;
  /** What the headers of the refusal say is left. */
  readonly rateLimit?: RateLimit | undefined;
}

// What they say, they say of the provider, the network or the key.
const NOT_OF_THE_UNIT: ReadonlySet<LlmErrorKind> = new Set([
  "server",
  "network",
  "timeout",
  "rate_limit",
  "quota",
  "auth",
  "outage",
  "budget",
]);

/** A call that did not give an answer. Its message never holds text of the request or of the answer. */
export class LlmError extends MillraceError {
  readonly kind: LlmErrorKind;
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  readonly usage: LlmUsage | undefined;
  readonly rateLimit: RateLimit | undefined;
  readonly answerText: string | undefined;

  constructor(kind: LlmErrorKind, message: string, options: LlmErrorOptions = {}) {
    super(`LLM_${kind.toUpperCase() as Uppercase<LlmErrorKind>}`, message, {
      hint: options.hint,
      cause: options.cause,
      isRetryable: RETRIED.has(kind),
      details: options.status === undefined ? {} : { status: options.status },
    });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
    this.usage = options.usage;
    this.rateLimit = options.rateLimit;
    this.answerText = options.answerText;
    // It may be text of a document, and errors are printed.
    Object.defineProperty(this, "answerText", { enumerable: false });
  }

  /** Not caused by the request, so it does not count as an attempt of the unit. */
  get isOutside(): boolean {
    return NOT_OF_THE_UNIT.has(this.kind);
  }

  /** No other call to the same provider can succeed either: a batch stops. */
  get isFatal(): boolean {
    return FATAL.has(this.kind);
  }
}
