import { UsageError } from "../../core/errors.ts";
import { plural } from "../../core/text.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readSettings } from "../read-options.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "A model, or the table it fills" },
    ...projectArgs,
    current: { type: "boolean", description: "Declare its stored output current, whatever has changed since" },
    set: { type: "string", valueHint: "k=v", description: "A parameter of the model, as for a run" },
    ...jsonArgs,
  },
  repeatable: ["set"],
  examples: [["mark indexing.section_extractions --current", "keep what is there after a change that does not matter"]],
  async run({ args, all }) {
    if (args.current !== true) {
      throw new UsageError("OPTION_MISSING", "`millrace mark` needs --current.", {
        hint: `\`millrace mark ${args.model} --current\` keeps the model's rows as they are.`,
      });
    }
    await using project = await openCliProject(args);
    const units = await project.units.markCurrent(args.model, { settings: readSettings(all("set")) });
    if (args.json === true) return printJson({ model: args.model, units });
    const { lines } = createPrinter();
    lines([
      units === 0
        ? "Everything that is there was current."
        : `${plural(units, "unit")} of ${args.model} kept as they are.`,
    ]);
  },
});
