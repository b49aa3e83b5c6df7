import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { MillraceError } from "../../core/errors.ts";

const POLL_MS = 25;
const HEARTBEAT_MS = 1000;
/** A holder that did not touch its lock for this long is gone, whatever its process id says. */
const ABANDONED_MS = 10_000;
const PATIENCE_MS = 180_000;

interface Holder {
  readonly token: string;
  readonly touchedMs: number;
}

/** Runs `work` while no other process holds the lock file; a holder killed in the middle is replaced. */
export async function withFileLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const token = lockToken(process.pid);
  await acquire(path, token);
  const heartbeat = setInterval(() => {
    // The lock is gone when someone removed the folder; the work then fails by itself.
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await readHolder(path))?.token === token) await rm(path, { force: true });
  }
}

function lockToken(pid: number): string {
  return `${hostname()} ${pid} ${randomUUID()}`;
}

async function acquire(path: string, token: string): Promise<void> {
  const startedMs = performance.now();
  let watched: Holder | undefined;
  let watchedSinceMs = startedMs;
  while (!(await tryCreate(path, token))) {
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    const nowMs = performance.now();
    if (holder.token !== watched?.token || holder.touchedMs !== watched.touchedMs) {
      watched = holder;
      watchedSinceMs = nowMs;
    }
    if (isDead(holder.token) || nowMs - watchedSinceMs > ABANDONED_MS) {
      await removeAbandoned(path, holder.token);
      continue;
    }
    if (nowMs - startedMs > PATIENCE_MS) throw busy(path, holder.token);
    await sleep(POLL_MS);
  }
}

async function tryCreate(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return { token: await readFile(path, "utf8"), touchedMs: (await stat(path)).mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

// A process id is only meaningful on its own machine, and folders may be shared between containers.
function isDead(token: string): boolean {
  const [host, pid] = token.split(" ");
  return host === hostname() && pid !== undefined && !isProcessAlive(Number(pid));
}

/** Whether a process with this id exists, of whichever user. */
export function isProcessAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

// Renaming hands the file to exactly one of several processes that all saw it abandoned.
async function removeAbandoned(path: string, token: string): Promise<void> {
  const taken = `${path}.${randomUUID()}`;
  try {
    await rename(path, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const isAbandoned = (await readFile(taken, "utf8")) === token;
  if (!isAbandoned) await link(taken, path).catch(() => undefined);
  await rm(taken, { force: true });
}

function busy(path: string, token: string): MillraceError {
  return new MillraceError(
    "EMBEDDED_BUSY",
    `Another process (${token.split(" ")[1]}) has held "${path}" for minutes.`,
    {
      hint: "End that process, then try again.",
      isRetryable: true,
    },
  );
}
