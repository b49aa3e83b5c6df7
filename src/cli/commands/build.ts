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
    ["build", "run and test every model; skip what is downstream of a failed test"],
    ["build shop --stop-on-error", "stop starting models after the first failure"],
    ["retry", "after a fix: rerun what failed or was skipped"],
  ],
  run: (input) => runSelectedPipeline(input, { tests: true, stopOnError: false }),
});
