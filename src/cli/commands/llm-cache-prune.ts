import { UsageError } from "../../core/errors.ts";
import { plural } from "../../core/text.ts";
import { pruneCache } from "../../llm/answers/response-cache.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readCount } from "../read-options.ts";

export default defineCommand({
  args: {
    ...projectArgs,
    "older-than": {
      type: "string",
      valueHint: "days",
      description: "Entries not used for this many days",
    },
    signature: { type: "string", valueHint: "name", description: "Only entries of this signature" },
    model: { type: "string", valueHint: "model", description: "Only entries of this language model" },
    all: { type: "boolean", description: "All entries" },
    ...jsonArgs,
  },
  examples: [
    ["llm cache prune --older-than 90", "delete what was not used for three months"],
    ["llm cache prune --signature extract_knowledge", "delete the responses of one signature"],
  ],
  async run({ args }) {
    const olderThanDays = readCount("older-than", args["older-than"]);
    const options = { olderThanDays, program: args.signature, model: args.model };
    if (args.all !== true && Object.values(options).every((option) => option === undefined)) {
      throw new UsageError("OPTION_MISSING", "`millrace llm cache prune` needs to know which entries to delete.", {
        hint: "Give --older-than, --signature or --model, or --all.",
      });
    }
    await using project = await openCliProject(args);
    const deleted = await pruneCache(await project.openDatabase(), options);
    if (args.json === true) return printJson({ deleted });
    createPrinter().lines([`${plural(deleted, "response")} deleted.`]);
  },
});
