import { formatDuration } from "../../core/duration.ts";
import { paintStatus } from "../../display/describe-model.ts";
import { renderTable } from "../../display/render-table.ts";
import { nextCommand, renderFailure } from "../../display/summary.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    run: { type: "positional", required: true, description: "A run's id, the beginning of one, or `last`" },
    ...projectArgs,
    ...jsonArgs,
  },
  examples: [["runs show last", "the latest run: its models and its errors"]],
  async run({ args }) {
    await using project = await openCliProject(args);
    const run = await project.runs.show(args.run);
    if (args.json === true) return printJson(run);
    const { colors, width, lines } = createPrinter();
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
    const failures = run.modelRuns.flatMap(({ model, error }) =>
      error === null ? [] : ["", ...renderFailure({ model, error }, { colors, width })],
    );
    const result = run.result ?? { models: {}, modelsExecuted: [] };
    const next = nextCommand({ ...result, runId: run.runId, status: run.status });
    lines([
      `${colors.bold(run.pipeline)} ${paintStatus(run.status, run.status, colors)} ${colors.dim(`· ${run.mode} · run ${run.runId} · started ${run.startedAt} · ${formatDuration(run.durationMs)}`)}`,
      "",
      ...renderTable({
        columns: ["model", "status", "units", "failed", "written", "deleted", "took"],
        rows,
        colors,
        width,
        paint,
      }),
      ...failures,
      ...(next === undefined ? [] : ["", `${colors.dim("Next:")} ${colors.cyan(createCommandLine(args)(...next))}`]),
    ]);
  },
});
