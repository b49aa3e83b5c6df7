import { userInfo } from "node:os";
import { UsageError } from "../../core/errors.ts";
import { plural } from "../../core/text.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "A model, or the table it fills" },
    key: { type: "positional", description: "A unit: its key, its parts, its beginning, or its document" },
    ...projectArgs,
    code: { type: "string", valueHint: "code", description: "Units that failed with this code" },
    reason: { type: "string", valueHint: "text", description: "Why, for whoever looks later" },
    ...jsonArgs,
  },
  repeatable: ["key"],
  examples: [
    ["accept indexing.section_extractions --code LLM_REFUSAL", "live with units that the model refuses to answer"],
    ['accept shop.orders 4711 --reason "known bad row"', "live with one unit"],
  ],
  async run({ args, all }) {
    const { model, code, reason } = args;
    await using project = await openCliProject(args);
    const by = process.env["MILLRACE_USER"] ?? userInfo().username;
    const units = await project.units.accept(model, { key: all("key"), code, reason, by });
    if (args.json === true) return printJson({ model, units });
    if (units === 0) {
      throw new UsageError("NO_UNITS", `No quarantined unit of "${model}" is left to accept.`, {
        hint: `\`millrace show ${model} --errors\` lists those that failed.`,
      });
    }
    const { lines, aside, colors } = createPrinter();
    lines([`${plural(units, "unit")} of ${model} accepted: runs no longer count them as failed.`]);
    const command = createCommandLine(args);
    aside(`${colors.dim("Undo:")} ${colors.cyan(command("retry", model, "--errors"))}`);
  },
});
