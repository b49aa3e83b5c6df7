import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { reporterArgs, runWithReporter } from "../run-with-reporter.ts";
import { readUsd } from "../read-options.ts";

export default defineCommand({
  args: {
    run: { type: "positional", required: true, description: "A run's id, the beginning of one, or `last`" },
    ...projectArgs,
    "max-cost": { type: "string", valueHint: "usd", description: "Most that calls to language models may cost" },
    wait: {
      type: "negated",
      description: "Fail when another run holds a model, instead of waiting",
    },
    ...reporterArgs,
    ...jsonArgs,
  },
  repeatable: ["reporter"],
  examples: [["runs resume last", "go on where the latest run ended; finished units are not processed again"]],
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
