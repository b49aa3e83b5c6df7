import { execFile } from "node:child_process";
import { readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { isProcessAlive } from "./file-lock.ts";
import { readText } from "./home.ts";

/** A live server process of a data folder, as it describes itself in `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly isReady: boolean;
  readonly isStopping: boolean;
}

export const pidFile = (data: string) => join(data, "postmaster.pid");

/** The server that runs on this data folder, if there is one. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readText(pidFile(data));
  if (text === undefined) return undefined;
  const [pid = "", folder = "", , port = "", , , , status = ""] = text.split("\n").map((line) => line.trim());
  if (!(await isPostmasterOf(Number(pid), folder, data))) return undefined;
  return { pid: Number(pid), port: Number(port), isReady: status === "ready", isStopping: status === "stopping" };
}

/** Removes a pid file whose process is gone or is another program by now; Postgres itself would refuse to start. */
export async function removeStalePidFile(data: string): Promise<void> {
  if ((await findPostmaster(data)) === undefined) await rm(pidFile(data), { force: true });
}

/** Ends the processes that a killed server left behind; a busy one would hold its memory until its query is done. */
export async function endOrphans(data: string): Promise<void> {
  if (process.platform !== "linux" || (await findPostmaster(data)) !== undefined) return;
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // Processes of other accounts do not show their folder, and any may end while we look.
    const folder = await readlink(`/proc/${name}/cwd`).catch(() => undefined);
    if (folder !== data || !(await commandLine(Number(name))).startsWith("postgres: ")) continue;
    try {
      process.kill(Number(name), "SIGQUIT");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Polls until the condition holds; false when the time is over. */
export async function waitUntil(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const startedMs = performance.now();
  for (let pauseMs = 5; !(await condition()); pauseMs = Math.min(pauseMs * 1.3, 100)) {
    if (performance.now() - startedMs > timeoutMs) return false;
    await sleep(pauseMs);
  }
  return true;
}

/** Whether something listens on the port of this machine. */
export function portAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: 2000 });
    const answer = (answers: boolean) => () => {
      socket.destroy();
      resolve(answers);
    };
    socket.once("connect", answer(true)).once("error", answer(false)).once("timeout", answer(false));
  });
}

async function isPostmasterOf(pid: number, folder: string, data: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0 || !isProcessAlive(pid)) return false;
  const command = await commandLine(pid);
  const runsThere = process.platform === "linux" ? command.includes(folder) : true;
  return /postgres/.test(command) && runsThere && (await isSameFolder(folder, data));
}

// A copied folder brings a pid file along that names the original; a moved one names a path that is gone.
async function isSameFolder(named: string, data: string): Promise<boolean> {
  if (named === data) return true;
  const original = await stat(named).catch(() => undefined);
  if (original === undefined) return true;
  const { dev, ino } = await stat(data);
  return original.dev === dev && original.ino === ino;
}

// Empty for a process that has ended but was not collected by its parent, as in containers without an init.
async function commandLine(pid: number): Promise<string> {
  const run = promisify(execFile);
  try {
    if (process.platform === "linux") return await readFile(`/proc/${pid}/cmdline`, "utf8");
    if (process.platform === "win32") return (await run("tasklist", ["/FI", `PID eq ${pid}`, "/NH"])).stdout;
    return (await run("ps", ["-p", String(pid), "-o", "command="])).stdout;
  } catch {
    // The process ended while we looked.
    return "";
  }
}
