import { join, relative, resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { loadConfigFile } from "../../model/load/load-files.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { modelTemplate } from "../model-template.ts";
import { createPrinter, printJson } from "../print.ts";
import { writeNewFiles } from "../write-new-files.ts";

const NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/i;

export default defineCommand({
  args: {
    name: { type: "positional", required: true, description: "Name of the model, with its namespace" },
    ...projectArgs,
    ...jsonArgs,
  },
  examples: [["new model notes.word_counts", "creates models/word-counts.ts"]],
  async run({ args }) {
    if (!NAME.test(args.name)) {
      throw new UsageError("MODEL_NAME", `Invalid model name "${args.name}".`, {
        hint: "Use letters, digits and underscores, with dots between namespace and name: notes.word_counts.",
      });
    }
    const directory = resolve(args.project);
    const { models } = await loadConfigFile(directory);
    const folder = modelFolder(models.find((entry) => typeof entry === "string"));
    const model = modelTemplate(args.name);
    const file = join(folder, model.file);
    await writeNewFiles(directory, { [file]: model.content });
    if (args.json === true) return printJson({ model: model.name, file: join(directory, file) });
    const { colors, lines } = createPrinter();
    const command = createCommandLine(args);
    lines([
      `${colors.green("✓")} Wrote ${colors.bold(relative(process.cwd(), join(directory, file)))}`,
      `${colors.dim("Next:")} ${colors.cyan(command("run", model.name))}`,
    ]);
  },
});

/** The folder in front of a pattern: `./models/**\/*.ts` → `models`. */
function modelFolder(entry = "./models"): string {
  const parts = entry.split("/");
  const wild = parts.findIndex((part) => /[*?{[]/.test(part) || /\.[cm]?[jt]s$/.test(part));
  return join(...(wild < 0 ? parts : ["."].concat(parts.slice(0, wild))));
}
