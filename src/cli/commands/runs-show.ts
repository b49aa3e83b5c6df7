import { formatDuration } from "../../core/duration.ts";
import { paintStatus } from "../../display/describe-model.ts";
import { renderTable } from "../../display/render-table.ts";
import { renderTestResult } from "../../display/render-test-result.ts";
import { RunState, type UnitFailures } from "../../display/run-state.ts";
import { nextCommand, renderFailure } from "../../display/summary.ts";
import type { Project } from "../../project/project.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    run: { type: "positional", required: true, description: "Run id, a prefix of one, or `last`" },
    ...projectArgs,
    ...jsonArgs,
  },
  examples: [["runs show last", "models and errors of the latest run"]],
  async run({ args }) {
    await using project = await openCliProject(args);
    const run = await project.runs.show(args.run);
    if (args.json === true) return printJson(run);
    const { colors, width, lines } = createPrinter();
    const command = createCommandLine(args);
    const rows = run.modelRuns.map((model) => [
      model.model,
      model.status,
      model.unitsTotal === null ? null : `${model.unitsDone}/${model.unitsTotal}`,
      model.unitsFailed,
      model.rowsWritten,
      model.rowsDeleted,
      model.durationMs === null ? null : formatDuration(model.durationMs),
    ]);
    const paint = (cell: string, at: { readonly column: string; readonly value: unknown }) => {
      if (at.column === "status") return paintStatus(String(at.value), cell, colors);
      return at.column === "failed" && at.value !== 0 ? colors.red(cell) : cell;
    };
    const failed = run.modelRuns.flatMap(({ model, error }) => (error === null ? [] : [{ model, error }]));
    const failures = [...failed, ...(await unitFailures(project, run.runId))].flatMap((failure) =>
      renderFailure(failure, { colors, width, command }),
    );
    const tests = run.tests
      .filter(({ status }) => status !== "passed")
      .flatMap((result) => renderTestResult(result, { colors, width, command }));
    const result = run.result ?? { models: {}, modelsExecuted: [] };
    const next = nextCommand({ ...result, runId: run.runId, status: run.status });
    lines([
      `${colors.bold(run.pipeline)} ${paintStatus(run.status, run.status, colors)} ${colors.dim(`· ${run.mode} · run ${run.runId} · started ${new Date(run.startedAt).toISOString().slice(0, 19)}Z · ${formatDuration(run.durationMs)}`)}`,
      "",
      ...renderTable({
        columns: ["model", "status", "units", "failed", "written", "deleted", "took"],
        rows,
        colors,
        width,
        paint,
      }),
      ...(tests.length === 0 ? [] : ["", ...tests]),
      ...(failures.length === 0 ? [] : ["", ...failures]),
      ...(next === undefined ? [] : ["", `${colors.dim("Next:")} ${colors.cyan(command(...next))}`]),
    ]);
  },
});

// Failed units are not part of a run's result; its events name them.
async function unitFailures(project: Project, runId: string): Promise<readonly UnitFailures[]> {
  const state = new RunState();
  for await (const event of project.runs.events(runId)) state.apply(event);
  return state.unitFailures;
}
