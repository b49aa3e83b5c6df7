import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portAnswers, waitUntil } from "../../src/database/embedded/postmaster.ts";

/** Whether this machine has the program; .ci/run installs it where it can. */
export const hasPgBouncer = spawnSync("pgbouncer", ["--version"]).status === 0;

const NOBODY = 65_534;

export interface PgBouncer extends AsyncDisposable {
  /** The same database through the pooler. */
  readonly url: string;
}

/** A PgBouncer in front of a database, with settings of its configuration file. */
export async function startPgBouncer(
  databaseUrl: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<PgBouncer> {
  const directory = await mkdtemp(join(tmpdir(), "millrace-pgbouncer-"));
  await chmod(directory, 0o755);
  const { hostname, port, username, password } = new URL(databaseUrl);
  const own = await freePort();
  const lines = Object.entries({
    listen_addr: "127.0.0.1",
    listen_port: own,
    unix_socket_dir: "",
    auth_type: "any",
    ...settings,
  }).map(([name, value]) => `${name} = ${value}`);
  const target = `* = host=${hostname} port=${port} user=${username} password=${password}`;
  await writeFile(join(directory, "ini"), ["[databases]", target, "[pgbouncer]", ...lines, ""].join("\n"));
  const account = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const child = spawn("pgbouncer", ["-q", join(directory, "ini")], { ...account, stdio: "ignore" });
  if (!(await waitUntil(() => portAnswers(own), 10_000))) throw new Error("pgbouncer does not answer");
  const url = new URL(databaseUrl);
  url.port = String(own);
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
