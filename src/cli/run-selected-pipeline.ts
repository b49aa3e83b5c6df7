import { UsageError } from "../core/errors.ts";
import { type CommandInput, type ExitCode, jsonArgs, projectArgs, type commonArgs } from "./define-command.ts";
import { openCliProject } from "./open-project.ts";
import { reporterArgs, runWithReporter } from "./run-with-reporter.ts";
import { createPrinter } from "./print.ts";
import { readUsd } from "./read-options.ts";
import { readScope, scopeArgs, scopeRepeatable } from "./scope-options.ts";
import { choosePipeline } from "./select-options.ts";

/** Arguments of the commands that start a run. */
export const pipelineArgs = {
  ...scopeArgs,
  ...projectArgs,
  "max-cost": { type: "string", valueHint: "usd", description: "Budget for calls to language models, in US dollars" },
  "continue-on-error": {
    type: "boolean",
    description: "After a failure, continue with models that do not depend on it",
  },
  "stop-on-error": { type: "boolean", description: "After a failure, start no further models" },
  wait: {
    type: "negated",
    description: "Fail if another run is using a model, instead of waiting",
  },
  ...reporterArgs,
  ...jsonArgs,
} as const;

/** Options of these that may be given several times. */
export const pipelineRepeatable = [...scopeRepeatable, "reporter"] as const;

export interface PipelineDefaults {
  /** Tests the models too. */
  readonly tests?: boolean;
  /** Default for what happens after a failure; the pipeline's own setting unless given. */
  readonly stopOnError?: boolean;
}

/** Runs the pipeline that a command line names. */
export async function runSelectedPipeline(
  input: CommandInput<typeof pipelineArgs & typeof commonArgs>,
  options: PipelineDefaults = {},
): Promise<ExitCode> {
  const { args } = input;
  if (args["continue-on-error"] === true && args["stop-on-error"] === true) {
    throw new UsageError("OPTIONS_CONFLICT", "--continue-on-error and --stop-on-error cannot be combined.");
  }
  const scope = readScope(input);
  const maxCostUsd = readUsd("max-cost", args["max-cost"]);
  await using project = await openCliProject(args);
  const pipeline = await choosePipeline(project, input);
  if (pipeline.models.length === 0) {
    createPrinter().aside("Nothing to do: no model is selected.");
    return 0;
  }
  return await runWithReporter(project, input, (hooks) =>
    project.runPipeline(pipeline, {
      ...options,
      ...hooks,
      ...scope,
      ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      noWait: !args.wait,
      ...(args["stop-on-error"] === true ? { stopOnError: true } : {}),
      ...(args["continue-on-error"] === true ? { stopOnError: false } : {}),
    }),
  );
}
