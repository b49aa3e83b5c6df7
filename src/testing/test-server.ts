import { homedir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../database/embedded/embedded-postgres.ts";

/** The server that tests share: `MILLRACE_TEST_DATABASE_URL`, or an embedded one. */
export async function testServer(): Promise<string> {
  const given = process.env["MILLRACE_TEST_DATABASE_URL"];
  if (given !== undefined) return given;
  const { url } = await startEmbeddedPostgres({ directory: join(homedir(), ".cache", "millrace", "testing") });
  return url;
}
