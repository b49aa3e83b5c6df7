import { definePipeline } from "../../model/pipeline.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { reporterArgs, runWithReporter } from "../run-with-reporter.ts";
import { createPrinter } from "../print.ts";
import { chooseListed, selectArgs, selectRepeatable } from "../select-options.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "Seed or namespace; by default all seeds" },
    ...projectArgs,
    ...selectArgs,
    "full-refresh": { type: "boolean", description: "Load every file, changed or not" },
    ...reporterArgs,
    ...jsonArgs,
  },
  repeatable: [...selectRepeatable, "reporter"],
  variadic: selectRepeatable,
  examples: [["seed", "load changed files; `run` and `build` do this too"]],
  async run(input) {
    const { args } = input;
    await using project = await openCliProject(args);
    const models = (await chooseListed(project, input))?.models ?? project.registry.list();
    const seeds = models
      .map((model) => (typeof model === "string" ? project.registry.get(model) : model))
      .filter(({ seed }) => seed !== undefined);
    if (seeds.length === 0) {
      createPrinter().aside("None of these models is a seed; `defineSeed` declares one.");
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
