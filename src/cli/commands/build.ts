import { declaredFilterArgs } from "../declared-options.ts";
import { defineCommand } from "../define-command.ts";
import { pipelineArgs, pipelineRepeatable, runSelectedPipeline } from "../run-selected-pipeline.ts";
import { selectRepeatable } from "../select-options.ts";

export default defineCommand({
  args: pipelineArgs,
  declared: declaredFilterArgs,
  repeatable: pipelineRepeatable,
  variadic: selectRepeatable,
  examples: [
    ["build", "run every model and test it; what is below a failed test does not run"],
    ["build shop --stop-on-error", "start nothing new after the first failure"],
    ["retry", "after the fix: what failed and what was skipped"],
  ],
  run: (input) => runSelectedPipeline(input, { tests: true, stopOnError: false }),
});
