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
    ["run indexing", "process what has changed since the last run"],
    ["run indexing --sample 10", "try it on ten documents"],
    ["run indexing.document_sections --full-refresh", "process everything of one model"],
    ["run --select +reporting.summary", "a model and everything upstream of it"],
    ["run --select tag:nightly+ --exclude tag:slow", "by tag, with everything downstream"],
    ["run --set maxSectionChars=4000", "with a different parameter"],
  ],
  run: (input) => runSelectedPipeline(input),
});
