import { describeCost } from "../../display/describe-model.ts";
import { renderTable } from "../../display/render-table.ts";
import { COST_GROUPS, reportCosts } from "../../state/usage.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    by: { type: "enum", options: COST_GROUPS, default: "model", description: "Group by" },
    attributed: {
      type: "boolean",
      description: "Cost of producing the current rows, cached responses included, instead of the amount billed",
    },
    ...projectArgs,
    ...jsonArgs,
  },
  examples: [
    ["cost", "by model"],
    ["cost --by document", "by document"],
    ["cost --attributed", "what the current rows cost to produce"],
  ],
  async run({ args }) {
    await using project = await openCliProject(args);
    const { by, attributed = false } = args;
    const costs = await reportCosts(await project.openDatabase(), { by, attributed });
    if (args.json === true) return printJson(costs);
    const { colors, width, lines, aside } = createPrinter();
    if (costs.length === 0) return aside("No calls to language models yet.");
    const rows = costs.map((line) => [
      line.name,
      line.calls,
      line.cachedCalls,
      line.inputTokens,
      line.outputTokens,
      describeCost(line),
    ]);
    const cost = attributed ? "cost of the rows" : "billed";
    lines(renderTable({ columns: [by, "calls", "cached", "tokens in", "tokens out", cost], rows, colors, width }));
  },
});
