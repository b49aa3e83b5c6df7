import { spawn } from "node:child_process";
import { MillraceError } from "../../core/errors.ts";
import { defineCommand, type ExitCode, projectArgs } from "../define-command.ts";
import { findProjectDatabase } from "../project-database.ts";

export default defineCommand({
  args: {
    arguments: { type: "positional", description: "Arguments for psql, after --" },
    ...projectArgs,
  },
  repeatable: ["arguments"],
  examples: [
    ["db psql", "an SQL prompt on the project's database"],
    ["db psql -- -c 'select * from notes_outlines'", "one query"],
  ],
  async run({ args, all }) {
    const { resolveDatabaseUrl } = await import("../../database/resolve-database.ts");
    const { url } = await resolveDatabaseUrl(await findProjectDatabase(args.project));
    return runPsql(url, all("arguments"));
  },
});

async function runPsql(url: string, more: readonly string[]): Promise<ExitCode> {
  // Other users of the machine see arguments, so the password travels in the environment.
  const { publicUrl, password } = splitPassword(url);
  const child = spawn("psql", [publicUrl, ...more], {
    stdio: "inherit",
    env: { ...process.env, ...(password === "" ? {} : { PGPASSWORD: password }) },
  });
  // Ctrl-C belongs to psql, which cancels its query.
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      child.on("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? psqlMissing(url) : error));
      child.on("exit", (code) => resolve(code === 0 ? 0 : 1));
    });
  } finally {
    process.removeListener("SIGINT", ignore);
  }
}

function splitPassword(url: string): { readonly publicUrl: string; readonly password: string } {
  if (!URL.canParse(url)) return { publicUrl: url, password: "" };
  const parsed = new URL(url);
  const password = decodeURIComponent(parsed.password);
  parsed.password = "";
  return { publicUrl: password === "" ? url : parsed.href, password };
}

function psqlMissing(url: string): MillraceError {
  return new MillraceError("PSQL_MISSING", "psql is not on the PATH.", {
    hint: `Install the Postgres client (Debian: postgresql-client, macOS: brew install libpq), or open this URL in any SQL client: ${url}`,
  });
}
