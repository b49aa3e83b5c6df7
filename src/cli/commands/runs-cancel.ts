import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    run: { type: "positional", required: true, description: "Run id, a prefix of one, or `last`" },
    ...projectArgs,
    ...jsonArgs,
  },
  examples: [["runs cancel last", "cancel the latest run; finished units are kept"]],
  async run({ args }) {
    await using project = await openCliProject(args);
    const runId = await project.runs.resolveId(args.run);
    await project.runs.cancel(runId);
    if (args.json === true) return printJson({ runId, cancelled: true });
    const { colors, lines } = createPrinter();
    lines([
      `${colors.yellow("■")} Run ${runId} is cancelled; finished units are kept.`,
      `${colors.dim("Next:")} ${colors.cyan(createCommandLine(args)("runs", "resume", runId))}`,
    ]);
  },
});
