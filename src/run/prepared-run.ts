import { placeTests, type TestPlan } from "../data-tests/place-tests.ts";
import { resolveTests } from "../data-tests/resolve-test.ts";
import type { Database } from "../database/connect.ts";
import type { Graph } from "../graph/build-graph.ts";
import type { LlmSource } from "../llm/answers/llm-source.ts";
import { configuredLlm } from "../llm/configured-llm.ts";
import { readAdopted } from "../llm/prompts/adopted-prompts.ts";
import type { EventLog } from "../state/event-log.ts";
import type { ModelRunStore } from "../state/model-run-store.ts";
import type { RunScope } from "../state/run-scope.ts";
import type { RunSpec, RunStore } from "../state/run-store.ts";
import { spentInRun } from "../state/usage.ts";
import type { Engine } from "./engine.ts";
import type { RunnableProject } from "./prepare-run.ts";
import type { ResumeOptions } from "./run-options.ts";

/** What a run needs of the process that starts or resumes it. */
export interface RunnerContext {
  readonly project: RunnableProject;
  readonly database: Database;
  readonly executorId: string;
  readonly engine: () => Promise<Engine>;
  readonly store: RunStore;
  readonly modelRuns: ModelRunStore;
}

/** A run that the database assigns to this process, ready for the engine. */
export interface PreparedRun {
  readonly spec: RunSpec;
  readonly graph: Graph;
  /** There in a build. */
  readonly tests: TestPlan | undefined;
  readonly configs: ReadonlyMap<string, unknown>;
  readonly events: EventLog;
  readonly llm: LlmSource;
}

/** The tests of a build, looked up; undefined for a run that does not test. */
export function testsOf(graph: Graph, { tests }: RunScope, { registry }: RunnableProject): TestPlan | undefined {
  return tests === true ? placeTests(resolveTests(graph.values(), registry), graph) : undefined;
}

/** The language model of the project without a run's budget, for plans and tries. */
export function llmOfProject({ project, database }: Pick<RunnerContext, "project" | "database">): LlmSource {
  const { directory, config } = project;
  const adopted = readAdopted(directory);
  return configuredLlm(config.llm, { database, environment: process.env, projectFolder: directory, adopted });
}

/** A budget applies to the whole run, across resumes; a resume may raise it. */
export async function llmOfRun(
  context: RunnerContext,
  { runId, scope }: RunSpec,
  options: ResumeOptions,
): Promise<LlmSource> {
  const llm = llmOfProject(context);
  const maxCostUsd = options.maxCostUsd ?? scope.maxCostUsd ?? context.project.config.llm.maxCostUsd;
  if (maxCostUsd === undefined) return llm;
  return llm.with({ maxCostUsd, spentUsd: await spentInRun(context.database, { runId }) });
}
