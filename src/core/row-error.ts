import { CodedError } from "./errors.ts";

export interface RowErrorOptions {
  /** Whether later runs try the unit again by themselves; false unless said otherwise. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * Thrown inside a model when this unit cannot be processed. The unit fails with this code and keeps its previous
 * output; the others go on. Unless `retryable`, it is quarantined until its input or the model changes.
 *
 * @example
 * if (row.total === null) throw new RowError("NO_TOTAL", "The invoice states no total.");
 */
export class RowError extends CodedError {
  override readonly name = "RowError";

  constructor(code: string, message: string, options: RowErrorOptions = {}) {
    super(code, message, { cause: options.cause, isRetryable: options.retryable ?? false });
  }
}
