import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Database, quoteName } from "../database/connect.ts";
import { migrateSystemSchema, SYSTEM_SCHEMA_ID } from "../database/system-schema.ts";
import type { ProjectConfigInput } from "../model/project-config.ts";
import { openProject, type Project } from "../project/project.ts";
import { testServer } from "./test-server.ts";

const TEMPLATE = `millrace_template_${SYSTEM_SCHEMA_ID}`;

export interface TestProjectOptions {
  /** Declared models, or file name → text of the file. */
  readonly models: NonNullable<ProjectConfigInput["models"]> | Readonly<Record<string, string>>;
  /** Path → text; they are written to the project's `docs/` folder and read by `documents()`. */
  readonly documents?: Readonly<Record<string, string | Uint8Array>>;
  readonly config?: Omit<ProjectConfigInput, "models" | "documents" | "database">;
  /** Server to create the database on; the embedded one unless given. Its role may create databases. */
  readonly databaseUrl?: string;
}

export interface TestProject extends AsyncDisposable {
  readonly project: Project;
  /** Folder of the project, gone when the test is. */
  readonly directory: string;
  readonly databaseUrl: string;
  /** Rows of a table, for assertions. */
  query(text: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Writes a document, or removes it with null. */
  writeDocument(path: string, content: string | Uint8Array | null): Promise<void>;
}

/**
 * A project with a database and a folder of its own, for one test.
 *
 * @example
 * await using test = await createTestProject({ models: [documentSections], documents: { "a.md": "# One" } });
 * const result = await test.project.runPipeline();
 */
export async function createTestProject(options: TestProjectOptions): Promise<TestProject> {
  const directory = await mkdtemp(join(tmpdir(), "millrace-test-"));
  const serverUrl = options.databaseUrl ?? (await testServer());
  const databaseUrl = await createDatabase(serverUrl);
  const writeDocument = async (path: string, content: string | Uint8Array | null) => {
    const file = join(directory, "docs", path);
    if (content === null) return rm(file);
    await mkdir(dirname(file), { recursive: true });
    return writeFile(file, content);
  };
  await mkdir(join(directory, "docs"));
  for (const [path, content] of Object.entries(options.documents ?? {})) await writeDocument(path, content);
  const project = await openProject({
    ...options.config,
    directory,
    database: databaseUrl,
    documents: options.documents === undefined ? [] : ["./docs"],
    models: await resolveModels(options.models, directory),
  });
  return {
    project,
    directory,
    databaseUrl,
    writeDocument,
    query: async (text, parameters) => (await project.openDatabase()).query(text, parameters),
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await withServer(serverUrl, (server) =>
        server.query(`drop database if exists ${quoteName(databaseName(databaseUrl))} with (force)`),
      );
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function resolveModels(
  models: TestProjectOptions["models"],
  directory: string,
): Promise<NonNullable<ProjectConfigInput["models"]>> {
  if (typeof models === "string" || Array.isArray(models)) return models;
  for (const [name, text] of Object.entries(models)) {
    const file = join(directory, "models", /\.[jt]s$/.test(name) ? name : `${name}.ts`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  // Models given as text import what the project under test can.
  const libraries = join(process.cwd(), "node_modules");
  if (existsSync(libraries)) await symlink(libraries, join(directory, "node_modules"), "junction");
  return "./models";
}

// A clone of a prepared template takes tens of milliseconds; creating the system tables each time takes longer.
async function createDatabase(serverUrl: string): Promise<string> {
  return withServer(serverUrl, async (server) => {
    const name = `test_${randomBytes(6).toString("hex")}`;
    await server.transaction(async (client) => {
      await client.query("select pg_advisory_xact_lock(hashtext($1))", [TEMPLATE]);
      const found = await server.query("select from pg_database where datname = $1", [TEMPLATE]);
      if (found.length === 0) await server.query(`create database ${TEMPLATE}`);
      await withServer(withDatabase(serverUrl, TEMPLATE), async (template) => {
        await migrateSystemSchema(template);
        // Unit tests come from the same entry and need no engine.
        const { migrateEngine } = await import("../run/dbos-engine.ts");
        await migrateEngine(template);
      });
      await server.query(`create database ${name} template ${TEMPLATE}`);
    });
    return withDatabase(serverUrl, name);
  });
}

async function withServer<Result>(url: string, work: (server: Database) => Promise<Result>): Promise<Result> {
  await using server = new Database({ url, maxConnections: 4 });
  return await work(server);
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function databaseName(url: string): string {
  return new URL(url).pathname.slice(1);
}
