import { setMaxListeners } from "node:events";
import { LlmError } from "./calls/llm-error.ts";
import type { Telemetry } from "./answers/telemetry.ts";

/** What became of one row of a batch; `index` is the row's. */
export type BatchResult<Output> =
  | { readonly ok: true; readonly index: number; readonly output: Output; readonly telemetry: Telemetry }
  | { readonly ok: false; readonly index: number; readonly error: LlmError };

export interface BatchProgress {
  readonly done: number;
  /** Undefined while the rows are still coming. */
  readonly total: number | undefined;
  readonly failed: number;
  readonly cached: number;
  /** Null where a price is unknown. */
  readonly costUsd: number | null;
}

export interface BatchOptions {
  /** Calls in flight at once; 20 unless said otherwise. The provider's limits hold besides. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  /** Stops the batch when more rows than this have failed. */
  readonly maxErrors?: number;
  readonly onProgress?: (progress: BatchProgress) => void;
}

export type AskRow<Row, Output> = (
  row: Row,
  signal: AbortSignal,
) => Promise<{ readonly output: Output; readonly telemetry: Telemetry }>;

/** Asks for every row and returns the results in the order of the rows, whatever finished first. */
export async function runBatch<Row, Output>(
  rows: readonly Row[],
  askRow: AskRow<Row, Output>,
  options: BatchOptions,
): Promise<readonly BatchResult<Output>[]> {
  const results: BatchResult<Output>[] = [];
  for await (const result of streamBatch(rows, askRow, { ...options, total: rows.length }))
    results[result.index] = result;
  return results;
}

/**
 * Asks for rows as they come and yields results as they finish. At most `concurrency` rows are in flight or waiting to
 * be taken, so that memory is bounded and a slow reader slows the calls down.
 */
export async function* streamBatch<Row, Output>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  askRow: AskRow<Row, Output>,
  options: BatchOptions & { readonly total?: number },
): AsyncGenerator<BatchResult<Output>> {
  const { concurrency = 20, maxErrors = Infinity, onProgress, total } = options;
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  setMaxListeners(0, signal);
  const inFlight = new Map<number, Promise<BatchResult<Output>>>();
  const progress = { done: 0, failed: 0, cached: 0, costUsd: 0 as number | null };
  let reason: LlmError | undefined;

  const start = (row: Row, index: number) => {
    const asked = reason === undefined ? askRow(row, signal) : Promise.reject(reason);
    const settled = asked.then(
      ({ output, telemetry }): BatchResult<Output> => ({ ok: true, index, output, telemetry }),
      (error: unknown): BatchResult<Output> => ({ ok: false, index, error: reason ?? asLlmError(error) }),
    );
    inFlight.set(index, settled);
  };
  const take = async () => {
    const result = await Promise.race(inFlight.values());
    inFlight.delete(result.index);
    progress.done += 1;
    if (result.ok) {
      if (result.telemetry.llmCached) progress.cached += 1;
      const { llmCostUsd } = result.telemetry;
      progress.costUsd = progress.costUsd === null || llmCostUsd === null ? null : progress.costUsd + llmCostUsd;
    } else {
      progress.failed += 1;
      // What cannot get better stops the batch; the rows that are left get the same error.
      if (reason === undefined && (result.error.isFatal || progress.failed > maxErrors)) {
        reason = result.error;
        stop.abort(reason);
      }
    }
    onProgress?.({ ...progress, total });
    return result;
  };

  try {
    let index = 0;
    for await (const row of rows) {
      while (inFlight.size >= concurrency) yield await take();
      start(row, index);
      index += 1;
    }
    while (inFlight.size > 0) yield await take();
  } finally {
    // A reader that stops early leaves no calls behind.
    if (inFlight.size > 0) stop.abort(new LlmError("aborted", "The batch was abandoned."));
  }
}

function asLlmError(error: unknown): LlmError {
  if (error instanceof LlmError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LlmError("bad_request", message, { cause: error });
}
