import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ProjectConfigInput } from "../model/project-config.ts";
import { openProject, type Project } from "../project/project.ts";
import { createDatabase, dropDatabase } from "./test-database.ts";
import { testServer } from "./test-server.ts";

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
      await dropDatabase(serverUrl, databaseUrl);
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
