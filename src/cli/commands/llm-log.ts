import { renderCallLog } from "../../display/render-call-log.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readCount } from "../read-options.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "Name of a model, or of its table" },
    key: { type: "positional", description: "Key of a unit: its parts, a prefix, or its document" },
    ...projectArgs,
    limit: {
      type: "string",
      alias: "n",
      valueHint: "n",
      default: "20",
      description: "At most this many calls, latest first",
    },
    ...jsonArgs,
  },
  repeatable: ["key"],
  examples: [
    ["llm log indexing.section_extractions 3f9a0c21", "calls and answers of one unit, repairs included"],
    ["llm log indexing.section_extractions -n 3", "the latest three calls of a model"],
  ],
  async run({ args, all }) {
    const limit = readCount("limit", args.limit) ?? 20;
    await using project = await openCliProject(args);
    const calls = await project.units.calls(args.model, { key: all("key"), limit });
    if (args.json === true) return printJson(calls);
    const { colors, width, lines, aside } = createPrinter();
    if (calls.length === 0) return aside("No calls to language models are recorded for it.");
    lines(renderCallLog(calls, { colors, width }));
  },
});
