import { plural } from "../../core/text.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readPatterns } from "../read-options.ts";

export default defineCommand({
  args: {
    patterns: {
      type: "positional",
      required: true,
      description: "Patterns as they were added, or passed to a run; `documents ls` shows them",
    },
    ...projectArgs,
    ...jsonArgs,
  },
  repeatable: ["patterns"],
  examples: [["documents rm 'notes/**/*.md'", "remove what this pattern added; the files stay"]],
  async run({ args, all }) {
    await using project = await openCliProject(args);
    const removed = await project.documents.remove(readPatterns(all("patterns")));
    if (args.json === true) return printJson({ removed });
    const { colors, lines, aside } = createPrinter();
    lines([
      `${colors.dim("documents")}  ${removed === 0 ? "none removed: other patterns still list them" : `${plural(removed, "document")} removed`}`,
    ]);
    aside(
      `\n${colors.dim("Next:")} ${colors.cyan(createCommandLine(args)("run"))} ${colors.dim("# deletes the rows made from them")}`,
    );
  },
});
