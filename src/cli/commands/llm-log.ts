import { UsageError } from "../../core/errors.ts";
import { renderCallLog } from "../../display/render-call-log.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "A model, or the table it fills" },
    key: { type: "positional", description: "A unit: its key, its parts, its beginning, or its document" },
    ...projectArgs,
    limit: { type: "string", alias: "n", valueHint: "n", default: "20", description: "The latest n calls" },
    ...jsonArgs,
  },
  repeatable: ["key"],
  examples: [
    ["llm log indexing.section_extractions 3f9a0c21", "what a unit asked, and what it was answered, repairs too"],
    ["llm log indexing.section_extractions -n 3", "the latest three calls of a model"],
  ],
  async run({ args, all }) {
    const limit = Number(args.limit);
    if (!Number.isInteger(limit) || limit < 1) {
      throw new UsageError("OPTION_VALUE", `--limit must be a positive integer, not "${args.limit}".`);
    }
    await using project = await openCliProject(args);
    const calls = await project.units.calls(args.model, { key: all("key"), limit });
    if (args.json === true) return printJson(calls);
    const { colors, width, lines, aside } = createPrinter();
    if (calls.length === 0) return aside("No calls of language models are booked for it.");
    lines(renderCallLog(calls, { colors, width }));
  },
});
