import { randomBytes } from "node:crypto";
import { Database } from "../../src/database/connect.ts";
import { createDatabase, dropDatabase } from "../../src/testing/test-database.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** A database with Millrace's own tables, on the server that all test files share. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = serverUrl();
  const url = await createDatabase(server);
  return { url, [Symbol.asyncDispose]: () => dropDatabase(server, url) };
}

/** A database without any table, for what happens before there are some. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const server = serverUrl();
  const url = new URL(server);
  url.pathname = `/test_${randomBytes(6).toString("hex")}`;
  await using administration = new Database({ url: server, maxConnections: 1 });
  // template0 has no sessions by nature, so two files can copy it at the same time.
  await administration.query(`create database ${url.pathname.slice(1)} template template0 strategy file_copy`);
  return { url: url.href, [Symbol.asyncDispose]: () => dropDatabase(server, url.href) };
}

function serverUrl(): string {
  const url = process.env["MILLRACE_TEST_DATABASE_URL"];
  if (url === undefined)
    throw new Error("MILLRACE_TEST_DATABASE_URL is not set; test/support/global-setup.ts sets it.");
  return url;
}
