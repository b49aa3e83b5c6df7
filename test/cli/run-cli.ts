import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
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
}

const inherited = { PATH: process.env["PATH"], HOME: process.env["HOME"] };

/**
 * Runs the command line as a user does: another process, no terminal. The process is kept for the next command, which
 * therefore takes a tenth of the time. What is about the process itself, its start, signals, closed pipes, is
 * tested with `startCli`.
 */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return keptProcess.run(args, options);
}

/** Runs the command line in a process of its own; with `interruptAt`, Ctrl-C comes when standard output holds the text. */
export function startCli(
  args: readonly string[],
  { cwd = REPOSITORY, env, interruptAt }: CliOptions & { readonly interruptAt?: string } = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd,
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let isInterrupted = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (interruptAt === undefined || isInterrupted || !stdout.includes(interruptAt)) return;
      isInterrupted = true;
      child.kill("SIGINT");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A process that runs one command after the other; one that ends by itself is replaced. */
class KeptProcess {
  #current: { readonly child: ChildProcess; readonly closed: Promise<unknown> } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  run(args: readonly string[], options: CliOptions): Promise<CliResult> {
    const result = this.#last.then(() => this.#runNow(args, options));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #runNow(args: readonly string[], { cwd = REPOSITORY, env }: CliOptions): Promise<CliResult> {
    const { child, closed } = (this.#current ??= this.#start());
    const outputs = [child.stdout, child.stderr].map((stream) => readToEnd(stream!));
    child.send({ args, cwd, env: { ...inherited, ...env }, command: COMMAND });
    await Promise.race([Promise.all(outputs.map(({ end }) => end)), closed]);
    const [stdout, stderr] = outputs.map(({ close }) => close());
    return { code: stdout!.code, stdout: stdout!.text, stderr: stderr!.text };
  }

  #start() {
    const child = spawn(process.execPath, [join(REPOSITORY, "test/cli/kept-process.mjs")], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const closed = once(child, "close").then(() => (this.#current = undefined));
    return { child, closed };
  }
}

const keptProcess = new KeptProcess();

const END = /\0(\d+)\0$/;

/** What a stream says until the mark behind a command. */
function readToEnd(stream: Readable) {
  let said = "";
  let listen: (text: string) => void = () => undefined;
  const end = new Promise<void>((resolve) => {
    listen = (text) => {
      said += text;
      if (END.test(said)) resolve();
    };
  });
  stream.setEncoding("utf8").on("data", listen);
  const close = () => {
    stream.off("data", listen);
    const code = END.exec(said)?.[1];
    return { text: said.replace(END, ""), code: code === undefined ? null : Number(code) };
  };
  return { end, close };
}

/** An empty folder in which this package is installed. */
export async function createFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "millrace-cli-")));
  await mkdir(join(path, "node_modules/@types"), { recursive: true });
  await symlink(REPOSITORY, join(path, "node_modules/millrace"));
  await symlink(join(REPOSITORY, "node_modules/@types/node"), join(path, "node_modules/@types/node"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
