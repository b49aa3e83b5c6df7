import { JsonReporter } from "../../display/reporters/json-reporter.ts";
import { LineReporter } from "../../display/reporters/line-reporter.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { withInterrupt } from "../interrupt.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter } from "../print.ts";

export default defineCommand({
  args: {
    run: { type: "positional", required: true, description: "Run id, a prefix of one, or `last`" },
    ...projectArgs,
    follow: { type: "boolean", alias: "f", description: "Follow until the run has ended" },
    ...jsonArgs,
  },
  examples: [
    ["runs logs last", "events of the latest run"],
    ["runs logs last --follow", "watch a run of another process"],
  ],
  async run({ args }) {
    await using project = await openCliProject(args);
    const { colors } = createPrinter();
    const output = process.stdout;
    const reporter =
      args.json === true
        ? new JsonReporter({ output })
        : new LineReporter({ output, colors, command: createCommandLine(args), isVerbose: args.verbose === true });
    return await withInterrupt(async (signal) => {
      for await (const event of project.runs.events(args.run, { follow: args.follow === true, signal }))
        reporter.onEvent(event);
      return signal.aborted ? 130 : 0;
    });
  },
});
