import { errorToJson, type ErrorJson } from "../core/errors.ts";
import type { UnitFate } from "./ledger.ts";
import type { Unit } from "./unit-feed.ts";

/** A unit after its function has run: rows ready to be written, or an error. */
export interface UnitResult extends UnitFate {
  readonly lines: readonly string[];
  readonly bytes: number;
}

export function succeededUnit(unit: Unit, durationMs: number, lines: readonly string[]): UnitResult {
  const bytes = lines.reduce((sum, line) => sum + line.length, 0);
  return { ...identify(unit), durationMs, lines, bytes, error: undefined };
}

export function failedUnit(unit: Unit | UnitResult, durationMs: number, error: unknown): UnitResult {
  return { ...identify(unit), durationMs, lines: [], bytes: 0, error: errorToJson(error) };
}

function identify({ sourceKey, documentId, inputHash }: Unit | UnitResult) {
  return { sourceKey, documentId, inputHash };
}

/**
 * Tells a bug from bad data: when the first units all fail with the same error and nothing has ever worked, going on
 * would only repeat it. Errors about a document itself are data.
 */
export class FirstFailures {
  readonly #limit: number;
  readonly #errors: ErrorJson[] = [];
  #isOver = false;

  constructor(unitsTotal: number) {
    this.#limit = Math.min(16, unitsTotal);
  }

  /** The common error, once it is clear that there is one. */
  add(error: ErrorJson | undefined): ErrorJson | undefined {
    if (this.#isOver) return undefined;
    if (error === undefined || error.code.startsWith("DOCUMENT_")) {
      this.#isOver = true;
      return undefined;
    }
    this.#errors.push(error);
    const [first] = this.#errors;
    if (this.#errors.some((each) => signature(each) !== signature(error))) this.#isOver = true;
    return !this.#isOver && this.#errors.length >= this.#limit ? first : undefined;
  }
}

// Messages of the same bug differ in names and numbers.
const signature = (error: ErrorJson) => `${error.code} ${error.message.replaceAll(/"[^"]*"|\d+/g, "…")}`;
