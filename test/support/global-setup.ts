import { chmod, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "../../src/database/connect.ts";
import { resetEmbeddedPostgres, startEmbeddedPostgres } from "../../src/database/embedded/embedded-postgres.ts";

/** Starts one server for all test files; a URL that is set already is used as it is. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env["MILLRACE_TEST_DATABASE_URL"]) return undefined;
  const directory = await mkdtemp(join((await memoryFolder()) ?? tmpdir(), "millrace-server-"));
  // The server of root is another user.
  await chmod(directory, 0o755);
  const { url } = await startEmbeddedPostgres({
    directory,
    // Test files without a database may run for minutes.
    idleSeconds: 600,
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" },
  });
  await makeLoginCheap(url);
  process.env["MILLRACE_TEST_DATABASE_URL"] = url;
  return async () => {
    delete process.env["MILLRACE_TEST_DATABASE_URL"];
    await resetEmbeddedPostgres({ directory });
    await rm(directory, { recursive: true, force: true });
  };
}

// Tests open thousands of connections, and hashing the password thousands of times for each protects nothing here.
async function makeLoginCheap(url: string): Promise<void> {
  await using server = new Database({ url, maxConnections: 1 });
  await server.query(`set scram_iterations = 1; alter role current_user password '${new URL(url).password}'`);
}

const ENOUGH_BYTES = 4 * 1024 ** 3;

// Tests create and drop tables all the time, which costs a disk more than it costs memory.
async function memoryFolder(): Promise<string | undefined> {
  const folder = "/dev/shm";
  const found = await statfs(folder).catch(() => undefined);
  return found !== undefined && found.bavail * found.bsize > ENOUGH_BYTES ? folder : undefined;
}
