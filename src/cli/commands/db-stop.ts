import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";
import { findEmbeddedDatabase } from "../project-database.ts";

export default defineCommand({
  args: { ...projectArgs, ...jsonArgs },
  examples: [["db stop", "stop it; the data is kept, and the next command starts it again"]],
  async run({ args }) {
    const directory = await findEmbeddedDatabase(args.project, "stop");
    const { embeddedPostgresStatus, stopEmbeddedPostgres } =
      await import("../../database/embedded/embedded-postgres.ts");
    await stopEmbeddedPostgres({ directory });
    const status = await embeddedPostgresStatus({ directory });
    if (args.json === true) return printJson(status);
    const { colors, lines } = createPrinter();
    lines([`${colors.green("✓")} Stopped the embedded Postgres.`]);
  },
});
