import { renderEvent } from "../../display/render-event.ts";
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
      description: "Globs, folders, JSONL files, lists of URLs, or URLs",
    },
    ...projectArgs,
    "allow-deletes": { type: "boolean", description: "Allow a sync that removes most of the documents" },
    ...jsonArgs,
  },
  repeatable: ["patterns"],
  examples: [
    ["documents add 'notes/**/*.md'", "Markdown files"],
    ["documents add records.jsonl", "one document per line"],
  ],
  async run({ args, all }) {
    await using project = await openCliProject(args);
    const sync = await project.documents.add(readPatterns(all("patterns")), {
      allowDeletes: args["allow-deletes"] === true,
    });
    const code = sync.failed.length > 0 ? 1 : 0;
    if (args.json === true) {
      printJson(sync);
      return code;
    }
    const { colors, lines, aside } = createPrinter();
    const at = new Date().toISOString();
    lines([
      ...renderEvent({ type: "documents_synced", at, ...sync }, { colors }),
      ...sync.warnings.flatMap((message) => renderEvent({ type: "warning", at, message }, { colors })),
    ]);
    aside(`\n${colors.dim("Next:")} ${colors.cyan(createCommandLine(args)("run"))}`);
    return code;
  },
});
