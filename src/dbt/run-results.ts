import type { Project } from "../project/project.ts";
import type { TestResult } from "../data-tests/test-result.ts";
import type { ModelStatus, Receipt, RunResult } from "../state/results.ts";
import { loadTestOutcomes } from "../state/test-store.ts";
import { describeArtifact } from "./artifact-metadata.ts";
import { type ArtifactNames, artifactNames } from "./artifact-names.ts";

/** Words of dbt; it has none for what was cancelled. */
const MODEL_WORDS: Readonly<Record<ModelStatus, string>> = {
  succeeded: "success",
  partial: "partial success",
  failed: "error",
  skipped: "skipped",
  cancelled: "skipped",
};

const TEST_WORDS: Readonly<Record<TestResult["status"], string>> = {
  passed: "pass",
  warned: "warn",
  failed: "fail",
  errored: "error",
  skipped: "skipped",
};

type TestOutcome = Pick<TestResult, "model" | "test" | "status" | "failures" | "durationMs">;

/** The outcome of a run as dbt's `run_results.json`, version 6; counts and costs are in `adapter_response`. */
export async function createRunResults(project: Project, result: RunResult) {
  const names = artifactNames(project);
  const models = Object.entries(result.models).map(([name, receipt]) => modelResult(name, receipt, names));
  const tests = await loadTestOutcomes(await project.openDatabase(), result.runId);
  return {
    metadata: await describeArtifact("run-results/v6", result.runId),
    results: [...models, ...tests.map((test) => testResult(test, names))],
    elapsed_time: result.durationMs / 1000,
    args: { pipeline: result.pipeline, status: result.status },
  };
}

function modelResult(name: string, receipt: Receipt, names: ArtifactNames) {
  const { status, tableName, executionTimeMs, error, rowsWritten, rowsDeleted } = receipt;
  return {
    ...outcome(names.modelId({ name }), MODEL_WORDS[status], executionTimeMs),
    relation_name: names.relation(tableName),
    message: error?.message ?? null,
    failures: null,
    adapter_response: { ...receipt, rows_affected: rowsWritten + rowsDeleted },
  };
}

function testResult({ model, test, status, failures, durationMs }: TestOutcome, names: ArtifactNames) {
  return {
    ...outcome(names.testId(model, test), TEST_WORDS[status], durationMs),
    relation_name: null,
    message: status === "passed" ? null : `${failures} failing rows`,
    failures,
    adapter_response: {},
  };
}

function outcome(id: string, status: string, durationMs: number) {
  return {
    unique_id: id,
    status,
    timing: [],
    thread_id: "main",
    execution_time: durationMs / 1000,
    compiled: null,
    compiled_code: null,
  };
}
