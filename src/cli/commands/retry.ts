import { UsageError } from "../../core/errors.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { reporterArgs, runWithReporter } from "../run-with-reporter.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "Pipeline, namespace or model whose failed units to rerun" },
    ...projectArgs,
    errors: {
      type: "boolean",
      description: "Rerun only failed and quarantined units, of all models",
    },
    code: { type: "string", valueHint: "code", description: "Only units that failed with this error code" },
    ...reporterArgs,
    ...jsonArgs,
  },
  repeatable: ["code", "reporter"],
  examples: [
    ["retry", "resume the latest run: failed and skipped models"],
    ["retry --errors", "every unit that failed"],
    ["retry indexing --code RATE_LIMIT", "units of a pipeline that failed with one error"],
  ],
  async run(input) {
    const { args, all } = input;
    const codes = all("code");
    const isOfUnits = args.errors === true || args.pipeline !== undefined || codes.length > 0;
    await using project = await openCliProject(args);
    const pipeline = isOfUnits ? project.resolvePipeline(args.pipeline) : undefined;
    const models = pipeline?.models.map((model) => (typeof model === "string" ? project.registry.get(model) : model));
    if (pipeline !== undefined && models?.every(({ forEach }) => forEach === undefined) === true) {
      throw new UsageError("NO_UNITS", `No model of ${pipeline.name} has units to retry.`, {
        hint: `\`millrace retry\` resumes the latest run; \`millrace run ${pipeline.name}\` runs what is not up to date.`,
      });
    }
    return await runWithReporter(project, input, (hooks) =>
      pipeline === undefined
        ? project.runs.resume("last", hooks)
        : project.runPipeline(pipeline, { ...hooks, retry: codes.length === 0 ? {} : { codes } }),
    );
  },
});
