import type { Budget } from "../calls/budget.ts";
import type { CallModelOptions } from "../calls/call-model.ts";
import type { Price } from "./price-table.ts";
import type { CacheMode, ResponseCache } from "./response-cache.ts";
import type { LlmParams, LlmTransport } from "../calls/transport.ts";

/** Everything that calls of one run share. */
export interface LlmSession {
  readonly transport: LlmTransport;
  readonly params: LlmParams;
  readonly cache: ResponseCache | undefined;
  readonly cacheMode: CacheMode;
  /** Undefined when nobody knows it. */
  readonly price: Price | undefined;
  readonly budget: Budget | undefined;
  readonly timeoutMs: number | undefined;
  readonly maxRetries: CallModelOptions["maxRetries"];
}
