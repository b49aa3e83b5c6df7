import type { ErrorJson } from "../core/errors.ts";
import type { TestSeverity } from "../model/any-model.ts";
import type { TestStatus } from "./judge-test.ts";

/** The outcome of one data test. */
export interface TestResult {
  readonly model: string;
  readonly test: string;
  readonly severity: TestSeverity;
  readonly status: TestStatus;
  /** Rows that the test's query gave. */
  readonly failures: number;
  /** The first of them. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly error?: ErrorJson;
  readonly durationMs: number;
}

export type TestCounts = Readonly<Record<TestStatus, number>>;

/** How many tests ended how. */
export function countResults(results: readonly Pick<TestResult, "status">[]): TestCounts {
  const counts = { passed: 0, warned: 0, failed: 0, errored: 0, skipped: 0 };
  for (const { status } of results) counts[status] += 1;
  return counts;
}
