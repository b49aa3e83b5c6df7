import { existsSync } from "node:fs";
import { readdir, rmdir, utimes } from "node:fs/promises";
import { MillraceError, UsageError } from "../../core/errors.ts";
import { createFolder, giveCopyTo, serverAccount } from "./server-account.ts";
import { embeddedUnavailable, installBinaries } from "./binaries.ts";
import { createCluster, DATABASE, launchServer, USER } from "./cluster.ts";
import { chooseHome, findHome, type Home, readText, removeHome, removeLeftovers, replaceFile } from "./home.ts";
import { findPostmaster, type Postmaster, pidFile, portAnswers, waitUntil } from "./postmaster.ts";
import { stopServer } from "./stop.ts";
import { findWatchdog, startWatchdog } from "./watchdog.ts";
import { withFileLock } from "./file-lock.ts";

const IDLE_SECONDS = 60;
const RECOVERY_MS = 120_000;
const ELSEWHERE_MS = 15_000;

export interface EmbeddedPostgresOptions {
  /** The folder of the server, `.millrace/postgres` in a project. */
  readonly directory: string;
}

export interface StartEmbeddedPostgresOptions extends EmbeddedPostgresOptions {
  /** Seconds without a client after which the server stops; 0 keeps it running. */
  readonly idleSeconds?: number;
  /** Server settings that differ from ours, such as `{ fsync: "off" }` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** Contains the password: use it to connect, never log it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
  /** False when the server ran already. */
  readonly started: boolean;
}

export interface EmbeddedPostgresStatus {
  readonly state: "running" | "stopped" | "absent";
  readonly url?: string;
  readonly port?: number;
  readonly pid?: number;
  /** Major version that wrote the data. */
  readonly version?: string;
  readonly dataDirectory: string;
}

/**
 * Starts the embedded Postgres of a folder, or attaches to the one that runs. It goes on after this process ends and
 * stops by itself a minute after its last client.
 *
 * @example
 * const { url } = await startEmbeddedPostgres({ directory: ".millrace/postgres" });
 */
export function startEmbeddedPostgres(options: StartEmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  return reportingErrors(options.directory, async () => {
    const home = await findHome(options.directory);
    const attached = existsSync(home.directory) ? await attach(home, { isLocked: false }) : undefined;
    if (attached !== undefined) return describe(home, attached, false);
    await createFolder(home.directory);
    const created = await findHome(home.directory);
    await touch(created.usedFile);
    return withFileLock(created.lockFile, () => startLocked(created.directory, options));
  });
}

/** Starts a server that has data and does not run, on the port it had; one that was deleted stays away. */
export async function reviveEmbeddedPostgres({ directory }: EmbeddedPostgresOptions): Promise<void> {
  const { state } = await embeddedPostgresStatus({ directory });
  if (state !== "absent") await startEmbeddedPostgres({ directory });
}

/** Stops the server, ending its connections, and waits until it is gone. */
export function stopEmbeddedPostgres({ directory }: EmbeddedPostgresOptions): Promise<void> {
  return reportingErrors(directory, async () => {
    const home = await findHome(directory);
    if (!existsSync(home.directory)) return;
    await withFileLock(home.lockFile, async () => {
      if (await assertOwnData(home)) await stopServer(home);
    });
  });
}

/** What is there and whether it runs; starts and changes nothing. */
export function embeddedPostgresStatus({ directory }: EmbeddedPostgresOptions): Promise<EmbeddedPostgresStatus> {
  return reportingErrors(directory, async () => {
    const home = await findHome(directory);
    const version = await readText(`${home.data}/PG_VERSION`);
    if (version === undefined || !existsSync(home.passwordFile)) return { state: "absent", dataDirectory: home.data };
    const server = await findPostmaster(home.data);
    if (server === undefined || server.isStopping) return { state: "stopped", version, dataDirectory: home.data };
    const { url, port, pid } = await describe(home, server, false);
    return { state: "running", url, port, pid, version, dataDirectory: home.data };
  });
}

/** Stops the server and deletes its data; files that are not the server's stay. */
export function resetEmbeddedPostgres({ directory }: EmbeddedPostgresOptions): Promise<void> {
  return reportingErrors(directory, async () => {
    const home = await findHome(directory);
    if (!existsSync(home.directory)) return;
    await withFileLock(home.lockFile, async () => {
      await assertOwnData(home);
      await stopServer(home);
      await removeHome(home);
    });
    // The folder is kept if it contains other files.
    await rmdir(home.directory).catch(() => undefined);
  });
}

/** Throws in production, where a server that nobody administers is not acceptable. */
export function assertEmbeddedAllowed(): void {
  if (process.env["NODE_ENV"] === "production")
    throw embeddedUnavailable("NODE_ENV is production and DATABASE_URL is not set");
}

// The order matters: the watchdog locks before it looks at the touched file, we look at the lock after touching it.
async function attach(home: Home, { isLocked }: { isLocked: boolean }): Promise<Postmaster | undefined> {
  await touch(home.usedFile);
  if (!isLocked && existsSync(home.lockFile)) return undefined;
  const server = await findPostmaster(home.data);
  if (!server?.isReady || !(await portAnswers(server.port))) return undefined;
  return isLocked || (await findWatchdog(home)).isAlive ? server : undefined;
}

async function startLocked(directory: string, options: StartEmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const idleSeconds = options.idleSeconds ?? idleSecondsOfEnvironment();
  let home = await findHome(directory);
  await settle(home);
  const hasData = await assertOwnData(home);
  const account = await serverAccount(hasData ? home.data : directory);
  const binaries = await installBinaries({ account });
  const running = await attach(home, { isLocked: true });
  if (running !== undefined) {
    if (!(await findWatchdog(home)).isAlive)
      await startWatchdog({ home, server: running, idleSeconds, pgCtl: binaries.pgCtl });
    return describe(home, running, false);
  }
  if (!hasData) home = await chooseHome(directory, account);
  await removeLeftovers(home);
  if (hasData) {
    await assertVersion(home, binaries.major);
    await giveCopyTo(account, home.data);
  } else await createCluster({ home, account, binaries });
  const server = await launchServer({
    home,
    account,
    binaries,
    settings: options.settings ?? {},
    onSpawn: (spawned) => startWatchdog({ home, server: spawned, idleSeconds, pgCtl: binaries.pgCtl }),
  });
  return describe(home, server, true);
}

function idleSecondsOfEnvironment(): number {
  const text = process.env["MILLRACE_EMBEDDED_IDLE_SECONDS"]?.trim();
  const seconds = text ? Number(text) : IDLE_SECONDS;
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new UsageError(
    "EMBEDDED_IDLE_INVALID",
    `MILLRACE_EMBEDDED_IDLE_SECONDS is "${text}", not a number of seconds.`,
    {
      hint: "Write a number such as 60, or 0 to keep the server running.",
    },
  );
}

/** Lets a server finish that is starting, stopping, or running in another container on the same folder. */
async function settle(home: Home): Promise<void> {
  const server = await findPostmaster(home.data);
  if (server?.isStopping) return stopServer(home);
  if (server !== undefined) {
    await waitUntil(async () => (await findPostmaster(home.data))?.isReady !== false, RECOVERY_MS);
    return;
  }
  const isFree = async () => !existsSync(pidFile(home.data)) || !(await findWatchdog(home)).isElsewhere;
  if (await waitUntil(isFree, ELSEWHERE_MS)) return;
  throw new MillraceError(
    "EMBEDDED_BUSY",
    `The database in "${home.data}" is in use by a server on another machine or in another container.`,
    {
      hint: "Stop it there with `millrace db stop`, or set DATABASE_URL so that both use one Postgres.",
    },
  );
}

async function assertOwnData(home: Home): Promise<boolean> {
  if (!existsSync(home.data)) return false;
  const names = await readdir(home.data);
  if (names.includes("PG_VERSION") && existsSync(home.passwordFile)) return true;
  if (names.length === 0) {
    await rmdir(home.data);
    return false;
  }
  throw new MillraceError("EMBEDDED_NOT_OURS", `"${home.data}" is not a database folder that Millrace created.`, {
    hint: "Move it away, then try again.",
  });
}

async function assertVersion(home: Home, major: string): Promise<void> {
  const version = await readText(`${home.data}/PG_VERSION`);
  if (version === major) return;
  throw new MillraceError(
    "EMBEDDED_VERSION",
    `The data in "${home.data}" is from Postgres ${version}; this Millrace brings Postgres ${major}.`,
    {
      hint: `Start over with \`millrace db reset\`, dump the data with Postgres ${version} (pg_dump) and restore it, or serve it with Postgres ${version} and set DATABASE_URL.`,
      details: { found: version, expected: major },
    },
  );
}

async function describe(home: Home, { port, pid }: Postmaster, started: boolean): Promise<EmbeddedPostgres> {
  const password = (await readText(home.passwordFile)) ?? "";
  return {
    url: `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`,
    port,
    pid,
    directory: home.directory,
    started,
  };
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  try {
    await utimes(path, now, now);
  } catch {
    // Absent, or made by another account: in our own folder it can be replaced.
    await replaceFile(path, "");
  }
}

async function reportingErrors<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const { code, path = directory, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"].includes(code)) {
      throw new MillraceError(
        "DIRECTORY_NOT_WRITABLE",
        `The embedded Postgres cannot use its folder "${directory}": ${code} at "${path}".`,
        {
          hint: `Make "${directory}" writable, or set DATABASE_URL to a Postgres database.`,
          cause: error,
        },
      );
    }
    throw new MillraceError(
      "EMBEDDED_FAILED",
      `The embedded Postgres in "${directory}" could not be used: ${message}`,
      { cause: error },
    );
  }
}
