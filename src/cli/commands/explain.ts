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
  prompt: "a tuned prompt that it asks with has changed",
  llm: "the language model or its settings have changed",
  schema: "the table has changed",
  upstream: "a source beside its own row has changed",
  retry: "it failed at its last try",
  full: "the run takes everything",
  unchanged: "nothing about it has changed",
  kept: "its output is kept, whatever has changed",
  quarantined: "it is quarantined: it failed too often, or the model gave it up",
  deleted: "its row is gone, and its output goes with the next run",
};

export default defineCommand({
  args: {
    model: { type: "positional", required: true, description: "A model, or the table it fills" },
    key: {
      type: "positional",
      description: "The unit's key, its parts, its beginning, or its document; none for a whole table",
    },
    ...projectArgs,
    set: { type: "string", valueHint: "k=v", description: "A parameter of the model, as for a run" },
    ...jsonArgs,
  },
  repeatable: ["set", "key"],
  examples: [
    ["explain indexing.document_sections docs/tide.md", "why this document will be split again, or not"],
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
              `  last: ${stored.status} · run ${stored.runId} · ${new Date(stored.updatedAt).toISOString().slice(0, 19)}Z${duration}${stored.attempts > 0 ? ` · ${stored.attempts} failed tries` : ""}`,
            ),
            ...(stored.errorCode === null ? [] : [`  ${colors.red(stored.errorCode)} ${stored.error ?? ""}`]),
          ]),
    ]);
    const command = createCommandLine(args);
    if (found.reason === "quarantined") aside(`\n${colors.dim("Next:")} ${colors.cyan(command("retry", found.model))}`);
    else if (found.willRun) aside(`\n${colors.dim("Next:")} ${colors.cyan(command("run", found.model))}`);
  },
});
