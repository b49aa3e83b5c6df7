import type { ErrorCode } from "../core/error-codes.ts";
import { isFailure } from "./judge-test.ts";
import type { ResolvedTest } from "./resolve-test.ts";
import { MillraceError } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import type { TestCounts, TestResult } from "../state/results.ts";
import type { RunEventInput } from "../state/run-events.ts";
import { inDeclaredOrder, runTest, type RunTestOptions } from "./run-test.ts";
import { countResults, storeCounts, storeResults } from "./test-store.ts";

/** Failing rows that go along with an event; the others are in the table of results. */
const MAX_SHOWN = 10;

export interface TestModelOptions extends RunTestOptions {
  readonly runId: string;
  readonly model: string;
  readonly tests: readonly ResolvedTest[];
  /** True for a model of this run that has not been brought up to date. */
  readonly isStale: (model: string) => boolean;
  readonly emit: (event: RunEventInput) => void;
}

/** Runs the tests that belong to a model that is done. One that fails is an error: what is below does not run. */
export async function testModel(options: TestModelOptions): Promise<TestCounts> {
  const { database, runId, model, emit } = options;
  const running = options.tests.map(async (test) => findStale(test, options) ?? runTest(test, options));
  const results = await inDeclaredOrder(running, (result) =>
    emit({
      type: "test_finished",
      model: result.model,
      result: { ...result, rows: result.rows.slice(0, MAX_SHOWN) },
    }),
  );
  const tests = countResults(results);
  await storeResults(database, runId, results);
  await storeCounts(database, { runId, model, tests });
  const failed = results.filter(({ status }) => isFailure(status));
  if (failed.length > 0) throw testsFailed(options, failed);
  return tests;
}

function findStale({ test, model, reads }: ResolvedTest, { isStale }: TestModelOptions): TestResult | undefined {
  const stale = [model.name, ...[...reads.values()].flatMap((read) => read.model ?? [])].find(isStale);
  if (stale === undefined) return undefined;
  const message = `Model "${stale}", which the test reads, was not brought up to date.`;
  const error = { code: "TEST_SKIPPED" satisfies ErrorCode, message };
  const { severity } = test;
  return {
    model: model.name,
    test: test.name,
    severity,
    status: "skipped",
    failures: 0,
    rows: [],
    error,
    durationMs: 0,
  };
}

function testsFailed({ model, tests, runId }: TestModelOptions, failed: readonly TestResult[]): MillraceError {
  const named = failed.map((result) => {
    const owner = result.model === model ? "" : ` of ${result.model}`;
    const what = result.status === "errored" ? (result.error?.message ?? "") : plural(result.failures, "row");
    return `${result.test}${owner}: ${what}`;
  });
  const message = `${failed.length} of ${plural(tests.length, "test")} failed: ${named.join("; ")}`;
  return new MillraceError("TESTS_FAILED", message, {
    details: { tests: failed.map(({ model, test, status, failures }) => ({ model, test, status, failures })) },
    hint: `Correct the model, then \`millrace runs resume ${runId}\`: it runs what failed and what was skipped. After a correction further up, \`millrace build\`.`,
  });
}
