import { join, resolve } from "node:path";
import { UsageError } from "../core/errors.ts";
import { describeUrl } from "../database/connection-url.ts";
import { loadConfigFile } from "../model/load/load-files.ts";

export interface ProjectDatabase {
  /** The URL that the config file or DATABASE_URL names; undefined stands for the embedded Postgres. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded Postgres of this project lives. */
  readonly directory: string;
}

/** Which database a project uses, without loading its models. */
export async function findProjectDatabase(project: string): Promise<ProjectDatabase> {
  const directory = resolve(project);
  const config = await loadConfigFile(directory);
  const databaseUrl = (config.database ?? process.env["DATABASE_URL"])?.trim();
  // An empty variable counts as unset.
  return {
    databaseUrl: databaseUrl === "" ? undefined : databaseUrl,
    directory: join(directory, ".millrace", "postgres"),
  };
}

/** The embedded Postgres of a project; a project with its own database has none to manage. */
export async function findEmbeddedDatabase(project: string, command: string): Promise<string> {
  const { databaseUrl, directory } = await findProjectDatabase(project);
  if (databaseUrl === undefined) return directory;
  throw new UsageError(
    "DATABASE_NOT_EMBEDDED",
    `This project uses the Postgres at ${describeUrl(databaseUrl)}; \`db ${command}\` manages only the embedded one.`,
    {
      hint: "Unset DATABASE_URL and `database` in millrace.config.ts to use the embedded Postgres.",
    },
  );
}
