import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { Database } from "../src/database/connect.ts";
import { startEmbeddedPostgres } from "../src/database/embedded/embedded-postgres.ts";

/** A database of its own on the server of DATABASE_URL or on an embedded one, gone afterwards. */
export async function withBenchDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const directory = join(homedir(), ".cache", "millrace", "bench");
  const serverUrl = process.env["DATABASE_URL"] ?? (await startEmbeddedPostgres({ directory })).url;
  const name = `bench_${randomBytes(4).toString("hex")}`;
  await using server = new Database({ url: serverUrl, maxConnections: 1 });
  await server.query(`create database ${name}`);
  try {
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    await using database = new Database({ url: url.href });
    await database.query("create schema millrace");
    return await work(database);
  } finally {
    await server.query(`drop database ${name} with (force)`);
  }
}
