import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";
import { findProjectDatabase } from "../project-database.ts";

export default defineCommand({
  args: { ...projectArgs, ...jsonArgs },
  examples: [
    ["db url", "print the URL; starts the embedded Postgres if needed"],
    ["db url --json", "the URL as JSON, and whether it is embedded"],
  ],
  async run({ args }) {
    const { resolveDatabaseUrl } = await import("../../database/resolve-database.ts");
    const { url, embedded } = await resolveDatabaseUrl(await findProjectDatabase(args.project));
    if (args.json === true) return printJson({ url, embedded });
    createPrinter().lines([url]);
  },
});
