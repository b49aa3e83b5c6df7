import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import nodePath from "node:path";
import { Database } from "../../src/database/connect.ts";
import { type DocumentSync, syncDocuments, type SyncDocumentsOptions } from "../../src/documents/sync-documents.ts";
import { createTestDatabase } from "../support/test-database.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A folder with documents and a database of its own. */
export interface DocumentsProject extends AsyncDisposable {
  readonly directory: string;
  readonly database: Database;
  write(files: Files): Promise<void>;
  remove(...paths: string[]): Promise<void>;
  sync(patterns: readonly string[], options?: Partial<SyncDocumentsOptions>): Promise<DocumentSync>;
  /** Rows of the documents table by URI. */
  rows(): Promise<Record<string, Record<string, unknown>>>;
}

export async function createFolder(files: Files = {}): Promise<string> {
  const directory = await mkdtemp(nodePath.join(os.tmpdir(), "millrace documents "));
  await writeFiles(directory, files);
  return directory;
}

export async function createDocumentsProject(files: Files = {}): Promise<DocumentsProject> {
  const directory = await createFolder(files);
  const own = await createTestDatabase();
  const database = new Database({ url: own.url, maxConnections: 4 });
  return {
    directory,
    database,
    write: (more) => writeFiles(directory, more),
    remove: async (...paths) => {
      for (const path of paths) await rm(nodePath.join(directory, path), { recursive: true });
    },
    sync: (patterns, options) => syncDocuments({ database, directory, patterns, ...options }),
    rows: async () => {
      const rows = await database.query("select * from millrace.documents order by source_url");
      return Object.fromEntries(rows.map((row) => [String(row["source_url"]), row]));
    },
    async [Symbol.asyncDispose]() {
      await database.close();
      await own[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function writeFiles(directory: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = nodePath.join(directory, path);
    await mkdir(nodePath.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}
