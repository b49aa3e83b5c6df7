import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";
import { findEmbeddedDatabase } from "../project-database.ts";

export default defineCommand({
  args: { ...projectArgs, ...jsonArgs },
  examples: [["db start", "start it; other commands do so when needed"]],
  async run({ args }) {
    const directory = await findEmbeddedDatabase(args.project, "start");
    const { embeddedPostgresStatus, startEmbeddedPostgres } =
      await import("../../database/embedded/embedded-postgres.ts");
    await startEmbeddedPostgres({ directory });
    const status = await embeddedPostgresStatus({ directory });
    if (args.json === true) return printJson(status);
    const { colors, lines } = createPrinter();
    lines([
      `${colors.green("✓")} Postgres ${status.version ?? ""} is running: ${status.url ?? ""}`,
      colors.dim(`  data in ${status.dataDirectory}; it stops a minute after its last client disconnects`),
    ]);
  },
});
