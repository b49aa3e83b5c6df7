import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { parse } from "node:path";
import { daemonEnvironment } from "./process.ts";
import { type Home, readText, replaceFile } from "./home.ts";
import { pidFile } from "./postmaster.ts";

const HEARTBEAT_LOST_MS = 10_000;

export interface StartWatchdogOptions {
  readonly home: Home;
  readonly server: { readonly pid: number; readonly port: number };
  /** Seconds without any client after which the server is stopped; 0 keeps it running. */
  readonly idleSeconds: number;
  readonly pgCtl: string;
}

/** Starts the process that stops the server when nobody has used it for a while. */
export async function startWatchdog({ home, server, idleSeconds, pgCtl }: StartWatchdogOptions): Promise<void> {
  const settings = {
    ...server,
    pg: createRequire(import.meta.url).resolve("pg"),
    pgCtl,
    idleMs: idleSeconds * 1000,
    pidFile: pidFile(home.data),
    passwordFile: home.passwordFile,
    lockFile: home.lockFile,
    usedFile: home.usedFile,
    watchdogFile: home.watchdogFile,
    log: home.log,
  };
  const errors = openSync(home.log, "a");
  try {
    const child = spawn(
      process.execPath,
      ["--max-old-space-size=32", "--max-semi-space-size=1", "-e", WATCHDOG, JSON.stringify(settings)],
      {
        cwd: parse(home.directory).root,
        env: daemonEnvironment(),
        detached: true,
        windowsHide: true,
        stdio: ["ignore", "ignore", errors],
      },
    );
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve).once("error", reject);
    });
    child.unref();
    await replaceFile(home.watchdogFile, `${child.pid}\n${hostname()}\n`);
  } finally {
    closeSync(errors);
  }
}

/** Whether a watchdog has given a sign of life lately, and where it runs. */
export async function findWatchdog(home: Home): Promise<{ isAlive: boolean; isElsewhere: boolean }> {
  const found = await stat(home.watchdogFile).catch(() => undefined);
  const isAlive = found !== undefined && Date.now() - found.mtimeMs < HEARTBEAT_LOST_MS;
  const host = (await readText(home.watchdogFile))?.split("\n")[1];
  return { isAlive, isElsewhere: isAlive && host !== undefined && host !== hostname() };
}

// Text and not a module: it runs in a bare Node, from our sources and from a bundle alike, and outlives an upgrade of
// the package. It stops the server only while it holds the lock and nobody has touched the `used` file, so a process
// that attaches either keeps the server or finds the lock and starts the server again.
const WATCHDOG = `
const { closeSync, openSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeSync } = require("node:fs");
const { spawnSync } = require("node:child_process");
const { hostname } = require("node:os");
const { setTimeout: sleep } = require("node:timers/promises");
const settings = JSON.parse(process.argv[1]);
const { Client } = require(settings.pg);
const NAME = "millrace watchdog";
const LOG_LIMIT_BYTES = 5_000_000;
const MAX_REFUSALS = 5;
const countEveryMs = Math.max(250, Math.min(10_000, settings.idleMs / 4 || 10_000));
process.title = NAME;

const firstLine = (file) => {
  try { return readFileSync(file, "utf8").split("\\n")[0].trim(); } catch { return ""; }
};
const modifiedMs = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs;
const touch = (file) => {
  try { utimesSync(file, new Date(), new Date()); } catch {}
};
let hasSeenPidFile = false;
let hasSeenOwnFile = false;
const isServerGone = () => {
  const pid = firstLine(settings.pidFile);
  if (pid !== "") hasSeenPidFile = true;
  if (pid === "" ? hasSeenPidFile : pid !== String(settings.pid)) return true;
  try { process.kill(settings.pid, 0); return false; } catch (error) { return error.code === "ESRCH"; }
};
const isReplaced = () => {
  const pid = firstLine(settings.watchdogFile);
  if (pid === String(process.pid)) hasSeenOwnFile = true;
  return hasSeenOwnFile && pid !== String(process.pid);
};

let sessions;
let refusals = 0;
const hasClients = async () => {
  const client = new Client({
    host: "127.0.0.1", port: settings.port, user: "millrace", database: "postgres", application_name: NAME,
    password: firstLine(settings.passwordFile), connectionTimeoutMillis: 5000, query_timeout: 5000,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows: [row] } = await client.query(
      "select (select count(*)::int from pg_stat_activity where backend_type in ('client backend', 'walsender') and application_name <> $1) as clients," +
      " (select coalesce(sum(sessions), 0)::text from pg_stat_database where datname <> 'postgres') as sessions", [NAME]);
    refusals = 0;
    const isNew = row.sessions !== sessions;
    sessions = row.sessions;
    return row.clients > 0 || isNew;
  } catch (error) {
    refusals = error.code === "ECONNREFUSED" ? refusals + 1 : 0;
    return true;
  } finally {
    await client.end().catch(() => {});
  }
};

const stopServer = async () => {
  if (process.platform === "win32") spawnSync(settings.pgCtl, ["kill", "TERM", String(settings.pid)], { windowsHide: true });
  else process.kill(settings.pid, "SIGTERM");
  for (let tries = 0; tries < 1200 && !isServerGone(); tries++) {
    touch(settings.lockFile);
    await sleep(25);
  }
};

const stopIfUnused = async (usedMs) => {
  const token = hostname() + " " + process.pid + " watchdog";
  let lock;
  try { lock = openSync(settings.lockFile, "wx"); } catch { return false; }
  try {
    writeSync(lock, token);
    closeSync(lock);
    if (modifiedMs(settings.usedFile) !== usedMs || (await hasClients()) || isServerGone()) return false;
    await stopServer();
    return true;
  } finally {
    if (firstLine(settings.lockFile) === token) rmSync(settings.lockFile, { force: true });
  }
};

const watch = async () => {
  let idleSinceMs = performance.now();
  let countedMs = -Infinity;
  let usedMs = modifiedMs(settings.usedFile);
  while (!isServerGone() && !isReplaced() && refusals < MAX_REFUSALS) {
    touch(settings.watchdogFile);
    if (performance.now() - countedMs >= countEveryMs) {
      countedMs = performance.now();
      const nowUsedMs = modifiedMs(settings.usedFile);
      if ((await hasClients()) || nowUsedMs !== usedMs) idleSinceMs = performance.now();
      usedMs = nowUsedMs;
      if ((statSync(settings.log, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) truncateSync(settings.log);
    }
    if (settings.idleMs > 0 && performance.now() - idleSinceMs >= settings.idleMs && (await stopIfUnused(usedMs))) return;
    await sleep(Math.min(1000, countEveryMs));
  }
};
watch();
`;
