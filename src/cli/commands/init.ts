import { basename, relative, resolve } from "node:path";
import { readVersion } from "../../core/read-version.ts";
import { plural } from "../../core/text.ts";
import { defineCommand, jsonArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";
import { projectTemplate } from "../project-template.ts";
import { writeNewFiles } from "../write-new-files.ts";

export default defineCommand({
  args: {
    dir: { type: "positional", default: ".", description: "Folder for the project; made if it is missing" },
    ...jsonArgs,
  },
  examples: [["init my-project", "a project with two small models and two documents"]],
  async run({ args }) {
    const directory = resolve(args.dir);
    const files = projectTemplate({ name: basename(directory), version: await readVersion() });
    await writeNewFiles(directory, files);
    if (args.json === true) return printJson({ directory, files: Object.keys(files) });
    const { colors, lines } = createPrinter();
    const place = relative(process.cwd(), directory);
    const next = [
      ...(place === "" ? [] : [`cd ${/\s/.test(place) ? `"${place}"` : place}`]),
      "npm install",
      "npx millrace run",
      "npx millrace show notes.outlines",
    ];
    lines([
      `${colors.green("✓")} Wrote ${plural(Object.keys(files).length, "file")} to ${colors.bold(place === "" ? "this folder" : place)}`,
      ...Object.keys(files).map((file) => colors.dim(`  ${file}`)),
      "",
      colors.dim("Next:"),
      ...next.map((command) => `  ${colors.cyan(command)}`),
    ]);
  },
});
