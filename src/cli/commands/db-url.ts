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
    const { url, embedded } = await resolveDatabaseUrl(await findProjectDatabase(args.project));
    if (args.json === true) return printJson({ url, embedded });
    createPrinter().lines([url]);
  },
});
