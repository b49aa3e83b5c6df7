import { createCommandLine } from "../command-line.ts";
import { confirm } from "../confirm.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";
import { findEmbeddedDatabase } from "../project-database.ts";

export default defineCommand({
  args: {
    ...projectArgs,
    yes: { type: "boolean", alias: "y", description: "Do not ask for confirmation" },
    ...jsonArgs,
  },
  examples: [["db reset --yes", "delete every table and every run of this project"]],
  async run({ args }) {
    const directory = await findEmbeddedDatabase(args.project, "reset");
    const { colors, lines } = createPrinter();
    if (args.yes !== true && !(await confirm(`Delete all data in ${directory}?`))) {
      lines(["Nothing was deleted."]);
      return 1;
    }
    const { resetEmbeddedPostgres } = await import("../../database/embedded/embedded-postgres.ts");
    await resetEmbeddedPostgres({ directory });
    if (args.json === true) return printJson({ reset: true, directory });
    lines([
      `${colors.green("✓")} Deleted the embedded Postgres and its data.`,
      `${colors.dim("Next:")} ${colors.cyan(createCommandLine(args)("run"))}`,
    ]);
  },
});
