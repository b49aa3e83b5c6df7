import { UsageError } from "../../core/errors.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { playRun } from "../play-run.ts";
import { filterArgs, readCount, readFilters, readPatterns, readSettings } from "../read-options.ts";

export default defineCommand({
  args: {
    pipeline: {
      type: "positional",
      description: "A pipeline, a namespace or a model; without it the only one there is, or all models",
    },
    ...projectArgs,
    documents: {
      type: "string",
      valueHint: "glob",
      description: "Documents to run on, instead of the configured ones",
    },
    ...filterArgs,
    "full-refresh": { type: "boolean", description: "Process everything in scope, not only what changed" },
    sample: { type: "string", valueHint: "n", description: "Only a sample of so many documents, the same every time" },
    set: { type: "string", valueHint: "k=v", description: "A parameter of a model, for this run" },
    "continue-on-error": { type: "boolean", description: "After a failure go on with independent models" },
    "stop-on-error": { type: "boolean", description: "After a failure start nothing new" },
    wait: {
      type: "boolean",
      default: true,
      negativeDescription: "Fail when another run holds a model, instead of waiting",
    },
    "allow-deletes": { type: "boolean", description: "Remove documents even when most of them are gone" },
    ...jsonArgs,
  },
  repeatable: ["documents", "ids", "set"],
  examples: [
    ["run indexing", "process what changed since the last run"],
    ["run indexing --sample 10", "try it on ten documents"],
    ["run indexing.document_sections --full-refresh", "process everything of one model"],
    ["run --set maxSectionChars=4000", "with another parameter"],
  ],
  async run({ args, all }) {
    if (args["continue-on-error"] === true && args["stop-on-error"] === true) {
      throw new UsageError("OPTIONS_CONFLICT", "--continue-on-error and --stop-on-error exclude each other.");
    }
    const filters = readFilters(args, all("ids"));
    const settings = readSettings(all("set"));
    const sample = readCount("sample", args.sample);
    await using project = await openCliProject(args);
    const pipeline = project.resolvePipeline(args.pipeline);
    return await playRun({
      project: args.project,
      json: args.json === true,
      isVerbose: args.verbose === true,
      play: (hooks) =>
        project.runPipeline(pipeline, {
          ...hooks,
          filters,
          settings,
          ...(sample === undefined ? {} : { sample }),
          mode: args["full-refresh"] === true ? "full" : "delta",
          ...(all("documents").length === 0 ? {} : { documents: readPatterns(all("documents")) }),
          noWait: !args.wait,
          allowDeletes: args["allow-deletes"] === true,
          ...(args["stop-on-error"] === true ? { stopOnError: true } : {}),
          ...(args["continue-on-error"] === true ? { stopOnError: false } : {}),
        }),
    });
  },
});
