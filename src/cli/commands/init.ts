import { basename, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { readVersion } from "../../core/read-version.ts";
import { plural } from "../../core/text.ts";
import { defineCommand, jsonArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";
import { projectTemplate } from "../project-template.ts";
import { writeNewFiles } from "../write-new-files.ts";

export default defineCommand({
  args: {
    dir: { type: "positional", default: ".", description: "Folder of the new project; created if missing" },
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
      installCommand(),
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

// From a clone: the package that the project names is this one.
function installCommand(): string {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  if (root.split(sep).includes("node_modules")) return "npm install";
  return `npm install --install-links ${root.slice(0, -1)}`;
}
