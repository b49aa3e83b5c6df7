import { renderTrace } from "../../display/render-trace.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readCount } from "../read-options.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "A model, or the table it fills" },
    key: {
      type: "positional",
      required: true,
      description: "The row's key: its parts, the beginning of them, or column=value",
    },
    ...projectArgs,
    depth: { type: "string", valueHint: "n", description: "How many models up; to the documents without it" },
    limit: { type: "string", valueHint: "n", default: "10", description: "At most this many rows of one input" },
    excerpts: { type: "boolean", description: "Show the beginning of the text that offsets are about" },
    ...jsonArgs,
  },
  repeatable: ["key"],
  examples: [
    ["trace indexing.entity_resolution 3f9a0c21", "an entity, back to the sentences it was found in"],
    ["trace indexing.document_sections 3f9a0c21 81d07be4 --excerpts", "a key of two parts, with the text"],
    ["trace indexing.entity_resolution canonical_name=Tideways", "a row by another column"],
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
