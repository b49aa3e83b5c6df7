import { formatDuration } from "../../core/duration.ts";
import { plural } from "../../core/text.ts";
import { renderTable } from "../../display/render-table.ts";
import { renderFailure } from "../../display/summary.ts";
import type { TriedUnit } from "../../plan/try-query.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { withInterrupt } from "../interrupt.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readCount, readSettings } from "../read-options.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "Name of a model, or of its table" },
    ...projectArgs,
    count: {
      type: "string",
      alias: "n",
      valueHint: "n",
      default: "3",
      description: "Number of units, the same ones every time",
    },
    set: { type: "string", valueHint: "k=v", description: "Set a parameter of the model for this try" },
    ...jsonArgs,
  },
  repeatable: ["set"],
  examples: [
    ["try indexing.section_extractions", "the output for three units; nothing is written"],
    ["try indexing.document_sections -n 1 --set maxSectionChars=800", "with a different parameter"],
  ],
  async run({ args, all }) {
    const count = readCount("count", args.count) ?? 3;
    await using project = await openCliProject(args);
    let tried: readonly TriedUnit[] = [];
    const exitCode = await withInterrupt(async (signal) => {
      tried = await project.units.try(args.model, { count, signal, settings: readSettings(all("set")) });
      return tried.some(({ error }) => error !== undefined) ? 1 : 0;
    });
    if (exitCode === 130) return exitCode;
    if (args.json === true) {
      printJson(tried);
      return exitCode;
    }
    const { colors, width, lines, aside } = createPrinter();
    for (const { unit, rows, error, durationMs } of tried) {
      const columns = Object.keys(rows[0] ?? {});
      lines([
        `${colors.bold(unit)} ${colors.dim(`· ${plural(rows.length, "row")} · ${formatDuration(durationMs)}`)}`,
        ...(error === undefined
          ? renderTable({ columns, rows: rows.map((row) => columns.map((column) => row[column])), colors, width })
          : renderFailure({ model: args.model, error }, { colors, width, isVerbose: args.verbose === true })),
        "",
      ]);
    }
    aside(`${colors.dim("The table is unchanged. Next:")} ${colors.cyan(createCommandLine(args)("run", args.model))}`);
    return exitCode;
  },
});
