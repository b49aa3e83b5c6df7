import { formatCost } from "../../display/describe-model.ts";
import { renderTable } from "../../display/render-table.ts";
import { cacheStats } from "../../llm/answers/response-cache.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: { ...projectArgs, ...jsonArgs },
  examples: [["llm cache stats", "number of responses, their size, and the cost they saved"]],
  async run({ args }) {
    await using project = await openCliProject(args);
    const stats = await cacheStats(await project.openDatabase());
    if (args.json === true) return printJson(stats);
    const { colors, width, lines, aside } = createPrinter();
    if (stats.length === 0) return aside("The response cache is empty.");
    const rows = stats.map(({ program, model, answers, hits, bytes, savedUsd }) => [
      program,
      model,
      answers,
      hits,
      `${(bytes / 1_000).toFixed(0)} kB`,
      savedUsd === null ? "unknown" : formatCost(savedUsd),
    ]);
    lines(renderTable({ columns: ["signature", "model", "responses", "hits", "size", "saved"], rows, colors, width }));
  },
});
