import { UsageError } from "../../core/errors.ts";
import { plural } from "../../core/text.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readSettings } from "../read-options.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "Name of a model, or of its table" },
    ...projectArgs,
    current: { type: "boolean", description: "Confirm: keep the stored output, whatever has changed since" },
    set: { type: "string", valueHint: "k=v", description: "Set a parameter of the model" },
    ...jsonArgs,
  },
  repeatable: ["set"],
  examples: [["mark indexing.section_extractions --current", "keep the output after a change that does not affect it"]],
  async run({ args, all }) {
    if (args.current !== true) {
      throw new UsageError("OPTION_MISSING", "`millrace mark` needs --current.", {
        hint: `\`millrace mark ${args.model} --current\` keeps its output as it is.`,
      });
    }
    await using project = await openCliProject(args);
    const units = await project.units.markCurrent(args.model, { settings: readSettings(all("set")) });
    if (args.json === true) return printJson({ model: args.model, units });
    const { lines } = createPrinter();
    lines([
      units === 0
        ? "Everything was up to date already."
        : `${plural(units, "unit")} of ${args.model} marked as up to date.`,
    ]);
  },
});
