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
    ["retry --errors", "every unit that failed"],
    ["retry indexing --errors --code RATE_LIMIT", "those of a pipeline that failed for one reason"],
  ],
  async run({ args, all }) {
    if (args.errors !== true) {
      throw new UsageError("OPTION_MISSING", "`millrace retry` needs --errors.", {
        hint: "`millrace retry --errors` runs the units that failed; `millrace runs resume last` goes on with a run.",
      });
    }
    await using project = await openCliProject(args);
    const pipeline = project.resolvePipeline(args.pipeline);
    return await playRun({
      project: args.project,
      json: args.json === true,
      isVerbose: args.verbose === true,
      play: (hooks) =>
        project.runPipeline(pipeline, { ...hooks, retry: all("code").length === 0 ? {} : { codes: all("code") } }),
    });
  },
});
