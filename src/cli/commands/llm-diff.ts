import { renderArtifactDiff } from "../../display/render-tuned-prompt-diff.ts";
import { readTunedPrompt } from "../../llm/prompts/tuned-prompt.ts";
import { defineCommand, jsonArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    before: { type: "positional", required: true, description: "Tuned prompt" },
    after: { type: "positional", required: true, description: "Tuned prompt to compare with" },
    ...jsonArgs,
  },
  examples: [["llm diff programs/classify.json better.json", "what differs between two tuned prompts"]],
  async run({ args }) {
    const [before, after] = await Promise.all([readTunedPrompt(args.before), readTunedPrompt(args.after)]);
    if (args.json === true) return printJson({ before, after });
    const { colors, lines, aside } = createPrinter();
    const different = renderArtifactDiff({ before, after }, colors);
    if (different.length === 0) return aside("The two prompts are the same.");
    lines(different);
  },
});
