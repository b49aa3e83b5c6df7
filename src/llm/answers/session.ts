import type { Budget } from "../calls/budget.ts";
import type { CallModelOptions } from "../calls/call-model.ts";
import type { Price } from "./price.ts";
import type { CallBook } from "./call-book.ts";
import type { OutputLimits } from "./output-limit.ts";
import type { CacheMode } from "./response-cache.ts";
import type { LlmParams, LlmTransport } from "../calls/transport.ts";

/** Everything that calls of one run share. */
export interface LlmSession {
  readonly transport: LlmTransport;
  readonly params: LlmParams;
  /** Where calls are booked and answers kept; without one they are not. */
  readonly book: CallBook | undefined;
  /** Whether the book keeps requests, and answers that were refused. */
  readonly storesRequests: boolean;
  readonly cacheMode: CacheMode;
  /** Undefined when nobody knows it. */
  readonly price: Price | undefined;
  readonly budget: Budget | undefined;
  /** Heeded by calls under a budget. */
  readonly outputLimits: OutputLimits;
  readonly timeoutMs: number | undefined;
  readonly outageTimeoutMs: number | undefined;
  readonly maxRetries: CallModelOptions["maxRetries"];
}
