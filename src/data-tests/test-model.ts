import type { ErrorCode } from "../core/error-codes.ts";
import { isFailure } from "./judge-test.ts";
import type { ResolvedTest } from "./resolve-test.ts";
import { MillraceError } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import { inDeclaredOrder, runTest, type RunTestOptions } from "./run-test.ts";
import type { TestResult } from "./test-result.ts";

export interface TestModelOptions extends RunTestOptions {
  readonly tests: readonly ResolvedTest[];
  /** True for a model of this run that has not been brought up to date. */
  readonly isStale: (model: string) => boolean;
  readonly onResult: (result: TestResult) => void;
}

/** Runs the tests that belong to a model that is done. */
export function testModel(options: TestModelOptions): Promise<readonly TestResult[]> {
  const running = options.tests.map(async (test) => findStale(test, options) ?? runTest(test, options));
  return inDeclaredOrder(running, options.onResult);
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

/** A test that fails is an error of its model: what is below does not run. */
export function assertTestsPassed(
  { runId, model }: { readonly runId: string; readonly model: string },
  results: readonly TestResult[],
): void {
  const failed = results.filter(({ status }) => isFailure(status));
  if (failed.length === 0) return;
  const named = failed.map((result) => {
    const owner = result.model === model ? "" : ` of ${result.model}`;
    const what = result.status === "errored" ? (result.error?.message ?? "") : plural(result.failures, "row");
    return `${result.test}${owner}: ${what}`;
  });
  const message = `${failed.length} of ${plural(results.length, "test")} failed: ${named.join("; ")}`;
  throw new MillraceError("TESTS_FAILED", message, {
    details: { tests: failed.map(({ model, test, status, failures }) => ({ model, test, status, failures })) },
    hint: `Fix the model, then run \`millrace runs resume ${runId}\`: it runs what failed and what was skipped. After a fix further up, run \`millrace build\`.`,
  });
}
