import { type ResolvedTest, resolveTests } from "../data-tests/resolve-test.ts";
import { buildGraph } from "../graph/build-graph.ts";
import type { AnyModel } from "../model/any-model.ts";
import type { TestResult } from "../data-tests/test-result.ts";
import { createRunId } from "../state/run-store.ts";
import { inDeclaredOrder, runTest } from "../data-tests/run-test.ts";
import { changedRowsSql, storeResults } from "../state/test-store.ts";
import type { Workspace } from "./workspace.ts";

export interface TestOptions {
  /** Models whose tests run; all unless given. */
  readonly models?: readonly (AnyModel | string)[];
  readonly onResult?: (result: TestResult) => void;
  readonly signal?: AbortSignal;
}

/** Runs the data tests of models on their tables as they stand. */
export async function testProject(project: Workspace, options: TestOptions): Promise<readonly TestResult[]> {
  const { registry } = project;
  const { models = registry.list(), signal = new AbortController().signal } = options;
  const chosen = models.map((model) => (typeof model === "string" ? registry.get(model) : model));
  const tests = resolveTests(buildGraph(chosen, registry).values(), registry);
  const database = await project.openDatabase();
  const changedRows = (test: ResolvedTest) => changedRowsSql(test, database);
  const running = tests.map((test) => runTest(test, { database, signal, changedRows }));
  const results = await inDeclaredOrder(running, (result) => options.onResult?.(result));
  await storeResults(database, createRunId(), results);
  return results;
}
