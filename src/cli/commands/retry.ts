import { UsageError } from "../../core/errors.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { playRun } from "../play-run.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "A pipeline, a namespace or a model; without it all models" },
    ...projectArgs,
    errors: { type: "boolean", description: "Run the units that failed, those that are set aside too, and no others" },
    code: { type: "string", valueHint: "code", description: "Only those that failed with this code" },
    ...jsonArgs,
  },
  repeatable: ["code"],
  examples: [
    ["retry", "go on with the latest run: the models that failed and what was skipped"],
    ["retry --errors", "every unit that failed"],
    ["retry indexing --errors --code RATE_LIMIT", "those of a pipeline that failed for one reason"],
  ],
  async run({ args, all }) {
    const codes = all("code");
    if (args.errors !== true && (args.pipeline !== undefined || codes.length > 0)) {
      throw new UsageError("OPTION_MISSING", "`millrace retry` with a pipeline or a code needs --errors.", {
        hint: "`millrace retry --errors` runs the units that failed; `millrace retry` alone goes on with the latest run.",
      });
    }
    await using project = await openCliProject(args);
    const pipeline = args.errors === true ? project.resolvePipeline(args.pipeline) : undefined;
    return await playRun(project, args, (hooks) =>
      pipeline === undefined
        ? project.runs.resume("last", hooks)
        : project.runPipeline(pipeline, { ...hooks, retry: codes.length === 0 ? {} : { codes } }),
    );
  },
});
