import { spawn } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
/** The program as npm installs it: a link of its name, by which it knows how it is called. */
export const COMMAND = join(REPOSITORY, "node_modules/.bin/millrace");
await symlink("../../bin/millrace.js", COMMAND).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== "EEXIST") throw error;
});

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sends the signal as soon as standard output holds the text. */
  readonly interruptAt?: string;
}

/** Runs the command line as a user does: another process, no terminal. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: options.cwd ?? REPOSITORY,
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let isInterrupted = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (options.interruptAt === undefined || isInterrupted || !stdout.includes(options.interruptAt)) return;
      isInterrupted = true;
      child.kill("SIGINT");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** An empty folder in which this package is installed. */
export async function createFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "millrace-cli-")));
  await mkdir(join(path, "node_modules/@types"), { recursive: true });
  await symlink(REPOSITORY, join(path, "node_modules/millrace"));
  await symlink(join(REPOSITORY, "node_modules/@types/node"), join(path, "node_modules/@types/node"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
