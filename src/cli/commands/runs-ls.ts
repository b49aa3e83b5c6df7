import { formatAge, formatDuration } from "../../core/duration.ts";
import { paintStatus } from "../../display/describe-model.ts";
import { renderTable } from "../../display/render-table.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readCount } from "../read-options.ts";

export default defineCommand({
  args: {
    ...projectArgs,
    limit: { type: "string", valueHint: "n", default: "20", description: "At most this many runs" },
    ...jsonArgs,
  },
  examples: [["runs ls", "the latest runs, newest first"]],
  async run({ args }) {
    const limit = readCount("limit", args.limit) ?? 20;
    await using project = await openCliProject(args);
    const runs = await project.runs.list({ limit });
    if (args.json === true) return printJson(runs);
    const { colors, width, lines, aside } = createPrinter();
    const command = createCommandLine(args);
    if (runs.length === 0) return aside(`No runs yet. \`${command("run")}\` starts one.`);
    const now = Date.now();
    const rows = runs.map((run) => [
      run.runId,
      run.pipeline,
      run.status,
      run.mode,
      run.models,
      formatAge(now - Date.parse(run.startedAt)),
      formatDuration(run.durationMs),
    ]);
    const paint = (cell: string, at: { readonly column: string; readonly value: unknown }) =>
      at.column === "status" ? paintStatus(String(at.value), cell, colors) : cell;
    lines(
      renderTable({
        columns: ["run", "pipeline", "status", "mode", "models", "started", "took"],
        rows,
        colors,
        width,
        paint,
      }),
    );
    const [latest] = runs;
    if (latest !== undefined) aside(colors.dim(`\nmore: ${command("runs", "show", latest.runId)}`));
  },
});
