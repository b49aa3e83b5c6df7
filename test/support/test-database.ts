import { randomBytes } from "node:crypto";
import { Database } from "../../src/database/connect.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** An empty database on the server that all test files share. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env["MILLRACE_TEST_DATABASE_URL"];
  if (serverUrl === undefined)
    throw new Error("MILLRACE_TEST_DATABASE_URL is not set; test/support/global-setup.ts sets it.");
  const name = `test_${randomBytes(6).toString("hex")}`;
  // template0 has no sessions by nature, so two files can copy it at the same time.
  await administer(serverUrl, `create database ${name} template template0 strategy file_copy`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => administer(serverUrl, `drop database if exists ${name} with (force)`),
  };
}

async function administer(serverUrl: string, statement: string): Promise<void> {
  await using server = new Database({ url: serverUrl, maxConnections: 1 });
  await server.query(statement);
}
