import { renderTrace } from "../../display/render-trace.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readCount } from "../read-options.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "Name of a model, or of its table" },
    key: {
      type: "positional",
      required: true,
      description: "Key of the row: its parts, their prefixes, or column=value",
    },
    ...projectArgs,
    depth: {
      type: "string",
      valueHint: "n",
      description: "Number of models to go up; by default all the way to the documents",
    },
    limit: { type: "string", valueHint: "n", default: "10", description: "At most this many rows per input" },
    excerpts: { type: "boolean", description: "Show the start of the text at each offset" },
    ...jsonArgs,
  },
  repeatable: ["key"],
  examples: [
    ["trace indexing.entity_resolution 3f9a0c21", "from an entity back to the sentences it was found in"],
    ["trace indexing.document_sections 3f9a0c21 81d07be4 --excerpts", "a key of two parts, with the text"],
    ["trace indexing.entity_resolution canonical_name=Tideways", "find the row by another column"],
  ],
  async run({ args, all }) {
    const depth = readCount("depth", args.depth);
    const limit = readCount("limit", args.limit) ?? 10;
    await using project = await openCliProject(args);
    const excerpts = args.excerpts === true;
    const trace = await project.trace(args.model, all("key"), { depth, limit, excerpts });
    if (args.json === true) return printJson(trace);
    const { colors, width, lines, aside } = createPrinter();
    lines(renderTrace(trace, { colors, width, now: Date.now() }));
    const where = Object.entries(trace.key).flatMap(([column, value]) => ["--where", `${column}=${String(value)}`]);
    const next = createCommandLine(args)("show", args.model, ...where);
    aside(`\n${colors.dim("Next:")} ${colors.cyan(next)}`);
  },
});
