import { describeCost } from "../../display/describe-model.ts";
import { renderTable } from "../../display/render-table.ts";
import { COST_GROUPS, reportCosts } from "../../state/usage.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    by: { type: "enum", options: COST_GROUPS, default: "model", description: "What to add up by" },
    attributed: {
      type: "boolean",
      description: "What the present rows cost to make, kept answers included, instead of what was billed",
    },
    ...projectArgs,
    ...jsonArgs,
  },
  examples: [
    ["cost", "what each model has cost"],
    ["cost --by document", "what each document has cost"],
    ["cost --attributed", "what the rows that are there cost to make"],
  ],
  async run({ args }) {
    await using project = await openCliProject(args);
    const { by, attributed = false } = args;
    const costs = await reportCosts(await project.openDatabase(), { by, attributed });
    if (args.json === true) return printJson(costs);
    const { colors, width, lines, aside } = createPrinter();
    if (costs.length === 0) return aside("No language model has been asked yet.");
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
