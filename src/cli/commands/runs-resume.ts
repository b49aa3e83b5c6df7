import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { reporterArgs, runWithReporter } from "../run-with-reporter.ts";
import { readUsd } from "../read-options.ts";

export default defineCommand({
  args: {
    run: { type: "positional", required: true, description: "Run id, a prefix of one, or `last`" },
    ...projectArgs,
    "max-cost": { type: "string", valueHint: "usd", description: "Budget for calls to language models, in US dollars" },
    wait: {
      type: "negated",
      description: "Fail if another run is using a model, instead of waiting",
    },
    ...reporterArgs,
    ...jsonArgs,
  },
  repeatable: ["reporter"],
  examples: [["runs resume last", "continue where the latest run stopped; finished units are kept"]],
  async run(input) {
    const { args } = input;
    const maxCostUsd = readUsd("max-cost", args["max-cost"]);
    await using project = await openCliProject(args);
    return await runWithReporter(project, input, (hooks) =>
      project.runs.resume(args.run, {
        ...hooks,
        noWait: !args.wait,
        ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      }),
    );
  },
});
