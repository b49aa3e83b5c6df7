import { MillraceError } from "../core/errors.ts";
import { withDownstreams } from "../graph/build-graph.ts";
import { EventLog } from "../state/event-log.ts";
import { runNotFound } from "../state/run-store.ts";
import { configsOf, prepareTables } from "./prepare-run.ts";
import { llmOfRun, type PreparedRun, type RunnerContext, testsOf } from "./prepared-run.ts";
import { graphOfRun, summarizeModels } from "./run-graph.ts";
import type { ResumeOptions } from "./run-options.ts";

/** Prepares an unsuccessful run to continue: models that succeeded are kept, the others and their dependents run again. */
export async function resumeRun(context: RunnerContext, runId: string, options: ResumeOptions): Promise<PreparedRun> {
  const { project, database, store, modelRuns, executorId } = context;
  const spec = await store.loadSpec(runId);
  if (spec === undefined) throw runNotFound(runId);
  if (spec.status === "running") throw runActive(runId);
  if (spec.status === "succeeded") {
    throw new MillraceError("RUN_SUCCEEDED", `Run ${runId} succeeded: there is nothing to resume.`, {
      hint: "Start a new one with `millrace run`.",
    });
  }
  const graph = graphOfRun(spec, project.registry);
  const configs = configsOf(project, graph, spec.settings);
  const records = await modelRuns.list(runId);
  const tests = testsOf(graph, spec.scope, project);
  const unfinished = records.filter(
    ({ model, status, tests: counts }) =>
      status !== "succeeded" || (tests?.tests.has(model) === true && counts === undefined),
  );
  const affected = withDownstreams(
    graph,
    unfinished.map(({ model }) => model),
  );
  const again = spec.models.map(({ name }) => name).filter((name) => affected.has(name));
  const events = new EventLog({ database, runId, listener: options.onEvent });
  events.emit({
    type: "run_started",
    runId,
    pipeline: spec.pipeline,
    models: summarizeModels(graph),
    mode: spec.mode,
    isResumed: true,
  });
  await prepareTables({ database, graph, events });
  const engine = await context.engine();
  const llm = await llmOfRun(context, spec, options);
  if (!(await store.reopen(runId, executorId, (client) => modelRuns.reopen(client, runId, again))))
    throw runActive(runId);
  try {
    await engine.forget(runId, again);
  } catch (error) {
    await store.markCancelled(runId);
    throw error;
  }
  return { spec, graph, tests, configs, events, llm };
}

function runActive(runId: string): MillraceError {
  return new MillraceError("RUN_ACTIVE", `Run ${runId} is already running, here or in another process.`, {
    hint: `Follow it with \`millrace runs logs ${runId} --follow\`.`,
  });
}
