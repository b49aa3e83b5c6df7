import { definePipeline } from "../../model/pipeline.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { reporterArgs, runWithReporter } from "../run-with-reporter.ts";
import { createPrinter } from "../print.ts";
import { chooseListed, selectArgs, selectRepeatable } from "../select-options.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "A seed or a namespace; without it every seed" },
    ...projectArgs,
    ...selectArgs,
    "full-refresh": { type: "boolean", description: "Load every file, not only those that have changed" },
    ...reporterArgs,
    ...jsonArgs,
  },
  repeatable: [...selectRepeatable, "reporter"],
  variadic: selectRepeatable,
  examples: [["seed", "load the files that have changed; `run` and `build` do so too"]],
  async run(input) {
    const { args } = input;
    await using project = await openCliProject(args);
    const models = (await chooseListed(project, input))?.models ?? project.registry.list();
    const seeds = models
      .map((model) => (typeof model === "string" ? project.registry.get(model) : model))
      .filter(({ seed }) => seed !== undefined);
    if (seeds.length === 0) {
      createPrinter().aside("No model of these is a seed; `defineSeed` declares one.");
      return 0;
    }
    return await runWithReporter(project, input, (hooks) =>
      project.runPipeline(definePipeline({ name: "seeds", models: seeds }), {
        ...hooks,
        mode: args["full-refresh"] === true ? "full" : "delta",
        stopOnError: false,
      }),
    );
  },
});
