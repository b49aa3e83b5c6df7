import { formatDuration } from "../../core/duration.ts";
import type { Explanation } from "../../plan/explain-unit.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readSettings } from "../read-options.ts";

const MEANING: Readonly<Record<Explanation["reason"], string>> = {
  new: "it has never run",
  changed: "its input has changed",
  code: "the model has changed",
  config: "a parameter has changed",
  prompt: "a tuned prompt that it uses has changed",
  llm: "the language model or its settings have changed",
  schema: "the table has changed",
  upstream: "another source that it reads has changed",
  retry: "its last attempt failed",
  full: "the run processes everything",
  unchanged: "nothing about it has changed",
  kept: "its output is kept, whatever changed",
  waiting: "a unit above that it is made of failed; it waits for that unit, or for `millrace accept`",
  quarantined: "it is quarantined: it failed too often, or the model rejected it",
  deleted: "its source row is gone; the next run deletes its output",
};

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "Name of a model, or of its table" },
    key: {
      type: "positional",
      description: "Key of the unit: its parts, a prefix, or its document; none for a model without units",
    },
    ...projectArgs,
    set: { type: "string", valueHint: "k=v", description: "Set a parameter of the model" },
    ...jsonArgs,
  },
  repeatable: ["set", "key"],
  examples: [
    ["explain indexing.document_sections docs/tide.md", "why this document will be split again or not"],
    ["explain indexing.section_extractions 3f9a0c21 s-04", "a unit whose key has two parts"],
  ],
  async run({ args, all }) {
    await using project = await openCliProject(args);
    const found = await project.units.explain(args.model, all("key"), { settings: readSettings(all("set")) });
    if (args.json === true) return printJson(found);
    const { colors, lines, aside } = createPrinter();
    const { stored } = found;
    const verdict = found.willRun
      ? colors.yellow("will run")
      : found.reason === "deleted"
        ? colors.yellow("will be deleted")
        : "will not run";
    const duration = stored?.durationMs == null ? "" : ` · ${formatDuration(stored.durationMs)}`;
    lines([
      `${colors.bold(found.model)} ${found.unit === "" ? "" : `${found.unit} `}${verdict}: ${MEANING[found.reason]}`,
      ...found.differences.map((difference) => `  ${difference}`),
      ...(stored === undefined
        ? []
        : [
            colors.dim(
              `  last: ${stored.status} · run ${stored.runId} · ${new Date(stored.updatedAt).toISOString().slice(0, 19)}Z${duration}${stored.attempts > 0 ? ` · ${stored.attempts} failed attempts` : ""}`,
            ),
            ...(stored.errorCode === null ? [] : [`  ${colors.red(stored.errorCode)} ${stored.error ?? ""}`]),
          ]),
    ]);
    const command = createCommandLine(args);
    if (found.reason === "quarantined") aside(`\n${colors.dim("Next:")} ${colors.cyan(command("retry", found.model))}`);
    else if (found.willRun) aside(`\n${colors.dim("Next:")} ${colors.cyan(command("run", found.model))}`);
  },
});
