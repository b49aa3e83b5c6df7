import { join, relative, resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { snakeCase } from "../../core/text.ts";
import { loadConfigFile, loadModels } from "../../model/load/load-files.ts";
import type { ProjectConfig } from "../../model/project-config.ts";
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
    await refuseKnown(directory, { name: args.name, models });
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

/** Two of one name, or of one table, break the project. One that cannot be loaded gets its file all the same. */
async function refuseKnown(
  directory: string,
  { name, models }: { readonly name: string; readonly models: ProjectConfig["models"] },
): Promise<void> {
  const loaded = await loadModels(directory, models).catch(() => undefined);
  const table = snakeCase(name.replaceAll(".", "_"));
  const known = loaded?.registry.find(name) ?? loaded?.registry.findByTable(table);
  if (known === undefined) return;
  const what = known.name === name ? `the model ${name}` : `the model ${known.name}, which fills the table "${table}"`;
  throw new UsageError("DUPLICATE_MODEL", `The project already has ${what}; nothing was written.`, {
    hint: "Choose another name.",
  });
}
