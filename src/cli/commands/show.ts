import { plural } from "../../core/text.ts";
import { renderTable } from "../../display/render-table.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readCount } from "../read-options.ts";
import { showFailedUnits } from "../show-failed-units.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "Name of a model, or of its table" },
    ...projectArgs,
    where: { type: "string", valueHint: "column=value", description: "Only rows with this value in a column" },
    columns: { type: "string", valueHint: "a,b", description: "Only these columns" },
    limit: { type: "string", valueHint: "n", default: "10", description: "At most this many rows" },
    errors: { type: "boolean", description: "Show failed units instead of rows" },
    ...jsonArgs,
  },
  repeatable: ["where"],
  examples: [
    ["show indexing.document_sections", "the first ten rows"],
    ["show indexing.document_sections --where heading=Usage --limit 50", "rows with a given value"],
    ["show indexing.document_sections --columns heading,content", "some of the columns"],
    ["show indexing.document_sections --json", "whole rows as JSON"],
    ["show indexing.section_extractions --errors", "the units that failed, and why"],
  ],
  async run({ args, all }) {
    const limit = readCount("limit", args.limit) ?? 10;
    await using project = await openCliProject(args);
    if (args.errors === true) return await showFailedUnits(project, { ...args, limit });
    const shown = { where: all("where"), columns: args.columns?.split(",").map((name) => name.trim()), limit };
    const { columns, rows, total } = await project.showRows(args.model, shown);
    if (args.json === true) {
      return printJson({
        columns,
        total,
        rows: rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))),
      });
    }
    const { colors, width, lines, aside } = createPrinter();
    if (rows.length === 0) return aside(all("where").length === 0 ? "No rows." : "No rows match.");
    lines(renderTable({ columns, rows, colors, width }));
    const where = all("where").flatMap((condition) => ["--where", condition]);
    const chosen = args.columns === undefined ? [] : ["--columns", args.columns];
    const more = createCommandLine(args)(
      "show",
      args.model,
      ...where,
      ...chosen,
      "--limit",
      String(Math.min(total, limit * 10)),
    );
    aside(
      colors.dim(
        rows.length < total
          ? `\n${rows.length} of ${plural(total, "row")} · more: ${more}`
          : `\n${plural(total, "row")}`,
      ),
    );
  },
});
