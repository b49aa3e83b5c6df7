import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { open, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ServerAccount, giveTo } from "./server-account.ts";
import type { Binaries } from "./binaries.ts";
import { createDraft, type Home, readText, replaceFile } from "./home.ts";
import {
  endOrphans,
  findPostmaster,
  type Postmaster,
  portAnswers,
  removeStalePidFile,
  waitUntil,
} from "./postmaster.ts";
import { cannotRun, daemonEnvironment, programFailed, runProgram } from "./process.ts";

export const USER = "millrace";
export const DATABASE = "millrace";

const READY_TIMEOUT_MS = 120_000;
const RETRY_MS = 20_000;
const RETRY_PAUSE_MS = 200;
const PORT_TAKEN = /could not bind|Address already in use|could not create any TCP\/IP sockets/;
/** Processes of a killed server hold its memory until they notice. */
const OLD_SERVER_LINGERS = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  shared_buffers: "64MB",
  max_connections: "100",
  timezone: "UTC",
  log_timezone: "UTC",
  // The role is called like Millrace's own schema, and Postgres would look there first.
  search_path: "public",
  // Failed statements reach their client; in a log they would leave row values behind.
  log_min_messages: "log",
};

export interface Cluster {
  readonly home: Home;
  readonly account: ServerAccount | undefined;
  readonly binaries: Binaries;
}

/** Creates the data folder with user, password and database; it appears complete or not at all. */
export async function createCluster({ home, account, binaries }: Cluster): Promise<void> {
  const draft = await createDraft(home, account);
  const [data, password] = [join(draft, "data"), join(draft, "password")];
  await writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600 });
  await giveTo(account, password);
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const access = [`--username=${USER}`, "--auth=scram-sha-256", `--pwfile=${password}`];
  await runProgram(binaries.initdb, ["-D", data, ...access, ...locale, "--no-sync", "--no-instructions"], {
    account,
    cwd: home.path,
  });
  await runProgram(binaries.postgres, ["--single", "-F", "-c", "exit_on_error=on", "-D", data, "postgres"], {
    account,
    cwd: home.path,
    input: `create database ${DATABASE};\n`,
  });
  await rename(password, join(data, "millrace-password"));
  await rename(data, home.data);
  await rm(draft, { recursive: true, force: true });
}

export interface LaunchOptions extends Cluster {
  /** Server settings that differ from ours. */
  readonly settings: Readonly<Record<string, string>>;
  /** Called as soon as the process exists, ready or not. */
  readonly onSpawn: (server: { pid: number; port: number }) => Promise<void>;
}

/** Starts the server as a separate process and waits until it accepts connections. */
export async function launchServer(options: LaunchOptions): Promise<Postmaster> {
  const { home } = options;
  const startedMs = performance.now();
  for (let savedPort = Number(await readText(home.portFile)); ; savedPort = 0) {
    await removeStalePidFile(home.data);
    const port = await choosePort(savedPort);
    const attempt = await tryLaunch(options, port);
    if (attempt.server !== undefined) {
      await replaceFile(home.portFile, `${attempt.server.port}\n`);
      return attempt.server;
    }
    const isPassing = PORT_TAKEN.test(attempt.said) || OLD_SERVER_LINGERS.test(attempt.said);
    if (!isPassing || performance.now() - startedMs > RETRY_MS)
      throw programFailed(`${attempt.problem}. Its log, "${home.log}", ends with`, attempt.said);
    if (PORT_TAKEN.test(attempt.said)) continue;
    await endOrphans(home.data);
    await sleep(RETRY_PAUSE_MS);
  }
}

type Attempt = { server: Postmaster } | { server?: never; problem: string; said: string };

async function tryLaunch(
  { home, account, binaries, settings, onSpawn }: LaunchOptions,
  port: number,
): Promise<Attempt> {
  const log = await open(home.log, "a", 0o600);
  const { size: logStart } = await log.stat();
  await giveTo(account, home.log);
  const { program, parameters } = serverCommand({
    home,
    binaries,
    settings: { ...SETTINGS, ...settings, port: String(port) },
  });
  const child = spawn(program, parameters, {
    ...account,
    cwd: home.path,
    env: daemonEnvironment(),
    detached: true,
    windowsHide: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  let problem: string | undefined;
  child.once("exit", (code, signal) => {
    if (code !== 0 || process.platform !== "win32") problem = `it ended with ${signal ?? `code ${code}`}`;
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve).once("error", (error) => reject(cannotRun(program, error)));
    });
  } finally {
    await log.close();
  }
  child.unref();
  if (process.platform !== "win32") await onSpawn({ pid: child.pid as number, port });

  let server: Postmaster | undefined;
  const isReady = async () => {
    if (problem !== undefined) return true;
    const found = await findPostmaster(home.data);
    if (found?.isReady && (await portAnswers(found.port))) server = found;
    return server !== undefined;
  };
  if (!(await waitUntil(isReady, READY_TIMEOUT_MS))) problem = "it was not ready after two minutes";
  if (server === undefined) return { problem: problem ?? "it ended", said: await readFrom(home.log, logStart) };
  if (process.platform === "win32") await onSpawn(server);
  return { server };
}

// On Windows only pg_ctl can give up an administrator's rights, which Postgres refuses.
function serverCommand({
  home,
  binaries,
  settings,
}: {
  home: Home;
  binaries: Binaries;
  settings: Readonly<Record<string, string>>;
}) {
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  if (process.platform !== "win32") {
    return {
      program: binaries.postgres,
      parameters: ["-D", home.data, ...assignments.flatMap((assignment) => ["-c", assignment])],
    };
  }
  const options = assignments
    .filter((text) => !text.endsWith("="))
    .map((text) => `-c ${text}`)
    .join(" ");
  return { program: binaries.pgCtl, parameters: ["start", "-W", "-D", home.data, "-l", home.log, "-o", options] };
}

// The saved port when it is free, otherwise any.
async function choosePort(saved: number): Promise<number> {
  const listen = (port: number) =>
    new Promise<number | undefined>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(undefined));
      server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
      });
    });
  const isUsable = Number.isInteger(saved) && saved > 0 && saved < 65_536;
  const port = (isUsable ? await listen(saved) : undefined) ?? (await listen(0));
  if (port === undefined) throw programFailed("no port could be opened on 127.0.0.1", "");
  return port;
}

async function readFrom(path: string, start: number): Promise<string> {
  const { size } = await stat(path);
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(Math.max(0, Math.min(size - start, 20_000)));
    await file.read(buffer, 0, buffer.length, Math.max(0, size - buffer.length));
    return buffer.toString();
  } finally {
    await file.close();
  }
}
