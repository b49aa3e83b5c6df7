import { defineCommand } from "../define-command.ts";
import { pipelineArgs, pipelineRepeatable, playPipeline } from "../play-pipeline.ts";

export default defineCommand({
  args: pipelineArgs,
  repeatable: pipelineRepeatable,
  examples: [
    ["run indexing", "process what changed since the last run"],
    ["run indexing --sample 10", "try it on ten documents"],
    ["run indexing.document_sections --full-refresh", "process everything of one model"],
    ["run --set maxSectionChars=4000", "with another parameter"],
  ],
  run: (input) => playPipeline(input),
});
