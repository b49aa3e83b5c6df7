import { userInfo } from "node:os";
import { UsageError } from "../../core/errors.ts";
import { plural } from "../../core/text.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "Name of a model, or of its table" },
    key: { type: "positional", description: "Key of a unit: its parts, a prefix, or its document" },
    ...projectArgs,
    code: { type: "string", valueHint: "code", description: "Only units that failed with this error code" },
    reason: { type: "string", valueHint: "text", description: "Reason to record" },
    ...jsonArgs,
  },
  repeatable: ["key"],
  examples: [
    [
      "accept indexing.section_extractions --code LLM_REFUSAL",
      "accept units that the language model refuses to answer",
    ],
    ['accept shop.orders 4711 --reason "known bad row"', "accept one unit"],
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
