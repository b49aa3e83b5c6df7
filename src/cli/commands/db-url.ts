import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";
import { findProjectDatabase } from "../project-database.ts";

export default defineCommand({
  args: { ...projectArgs, ...jsonArgs },
  examples: [
    ["db url", "the URL; the embedded Postgres is started when it is not running"],
    ["db url --json", "also says whether it is the embedded one"],
  ],
  async run({ args }) {
    const { resolveDatabaseUrl } = await import("../../database/resolve-database.ts");
    const database = await findProjectDatabase(args.project);
    const { url } = await resolveDatabaseUrl(database);
    if (args.json === true) return printJson({ url, embedded: database.databaseUrl === undefined });
    createPrinter().lines([url]);
  },
});
