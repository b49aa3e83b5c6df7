import { randomBytes } from "node:crypto";
import { Database } from "../src/database/connect.ts";

/** A database of its own on the server of DATABASE_URL, gone afterwards. */
export async function withBenchDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const serverUrl = process.env["DATABASE_URL"];
  if (serverUrl === undefined)
    throw new Error("Set DATABASE_URL to a Postgres server on which a database may be created.");
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
