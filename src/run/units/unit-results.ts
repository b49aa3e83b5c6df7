import { errorToJson, type ErrorJson } from "../../core/errors.ts";
import { LlmError } from "../../llm/calls/llm-error.ts";
import { RowError } from "../../core/row-error.ts";
import type { UnitOutcome } from "../../state/unit-state.ts";
import type { Unit } from "./unit-feed.ts";

/** A unit after its function has run: rows ready to be written, or an error. */
export interface UnitResult extends UnitOutcome {
  /** The error concerns this unit's data, whatever happens to other units. */
  readonly isData: boolean;
  readonly lines: readonly string[];
  readonly bytes: number;
  /** Path or address of its document; known once the failure has been recorded. */
  readonly documentPath?: string | undefined;
}

export function succeededUnit(unit: Unit, { durationMs, lines }: Pick<UnitResult, "durationMs" | "lines">): UnitResult {
  const bytes = lines.reduce((sum, line) => sum + line.length, 0);
  return { ...identify(unit), durationMs, lines, bytes, isData: false, error: undefined };
}

export function failedUnit(
  unit: Unit | UnitResult,
  { durationMs }: Pick<UnitResult, "durationMs">,
  error: unknown,
): UnitResult {
  const isRowError = error instanceof RowError;
  const isOutside = error instanceof LlmError && error.isOutside;
  const json = errorToJson(error);
  return {
    ...identify(unit),
    durationMs,
    lines: [],
    bytes: 0,
    isData: isRowError || isOutside || json.code.startsWith("DOCUMENT_"),
    error: { ...json, isFinal: isRowError && !error.isRetryable, isOutside },
  };
}

function identify({ sourceKey, documentId, inputHash, sideHash }: Unit | UnitResult) {
  return { sourceKey, documentId, inputHash, sideHash };
}

/**
 * Tells a bug from bad data: when the first units all fail with the same error and nothing has ever worked, going on
 * would only repeat it. Errors about a document itself are data, and so is what the model's author calls an error of
 * the row.
 */
export class FirstFailures {
  readonly #limit: number;
  readonly #errors: ErrorJson[] = [];
  #isOver = false;

  constructor(unitsTotal: number) {
    this.#limit = Math.min(16, unitsTotal);
  }

  /** The common error, once there clearly is one. */
  add(error: ErrorJson | undefined, isData: boolean): ErrorJson | undefined {
    if (this.#isOver) return undefined;
    if (error === undefined || isData) {
      this.#isOver = true;
      return undefined;
    }
    this.#errors.push(error);
    const [first] = this.#errors;
    if (this.#errors.some((each) => signature(each) !== signature(error))) this.#isOver = true;
    return !this.#isOver && this.#errors.length >= this.#limit ? first : undefined;
  }
}

// Messages of the same bug differ; where it was thrown does not. Without a place, names and numbers are left out.
const signature = ({ code, message, stack }: ErrorJson) =>
  `${code} ${stack?.[0] ?? message.replaceAll(/"[^"]*"|\d+/g, "…")}`;
