import { UsageError } from "../../core/errors.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { reporterArgs, runWithReporter } from "../run-with-reporter.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "A pipeline, a namespace or a model whose failed units run again" },
    ...projectArgs,
    errors: {
      type: "boolean",
      description: "Of all models: the units that failed, quarantined ones too, and no others",
    },
    code: { type: "string", valueHint: "code", description: "Only those that failed with this code" },
    ...reporterArgs,
    ...jsonArgs,
  },
  repeatable: ["code", "reporter"],
  examples: [
    ["retry", "go on with the latest run: the models that failed and what was skipped"],
    ["retry --errors", "every unit that failed"],
    ["retry indexing --code RATE_LIMIT", "those of a pipeline that failed for one reason"],
  ],
  async run(input) {
    const { args, all } = input;
    const codes = all("code");
    const isOfUnits = args.errors === true || args.pipeline !== undefined || codes.length > 0;
    await using project = await openCliProject(args);
    const pipeline = isOfUnits ? project.resolvePipeline(args.pipeline) : undefined;
    const models = pipeline?.models.map((model) => (typeof model === "string" ? project.registry.get(model) : model));
    if (pipeline !== undefined && models?.every(({ forEach }) => forEach === undefined) === true) {
      throw new UsageError("NO_UNITS", `No model of ${pipeline.name} works in units that could be retried.`, {
        hint: `\`millrace retry\` goes on with the latest run; \`millrace run ${pipeline.name}\` runs what is not up to date.`,
      });
    }
    return await runWithReporter(project, input, (hooks) =>
      pipeline === undefined
        ? project.runs.resume("last", hooks)
        : project.runPipeline(pipeline, { ...hooks, retry: codes.length === 0 ? {} : { codes } }),
    );
  },
});
