import { spawn } from "node:child_process";
import { MillraceError } from "../../core/errors.ts";
import type { ServerAccount } from "./server-account.ts";
import { embeddedUnavailable } from "./binaries.ts";

const PASSED_ON = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SystemRoot",
  "SystemDrive",
  "ProgramData",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
  "COMSPEC",
];
const PROGRAM_TIMEOUT_MS = 180_000;
const SHOWN_LINES = 12;

/** A small environment: a process that outlives us must not keep API keys or follow someone's `PGPORT`. */
export function daemonEnvironment(): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passedOn), LC_ALL: "C", TZ: "UTC" };
}

export interface RunProgramOptions {
  readonly account: ServerAccount | undefined;
  readonly cwd: string;
  readonly input?: string;
}

/** Runs one of the Postgres programs to its end; failing, it reports what the program said. */
export function runProgram(program: string, parameters: readonly string[], options: RunProgramOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      ...options.account,
      cwd: options.cwd,
      env: daemonEnvironment(),
      timeout: PROGRAM_TIMEOUT_MS,
      windowsHide: true,
    });
    let output = "";
    const collect = (chunk: Buffer) => (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => reject(cannotRun(program, error)));
    child.once("close", (code, signal) => {
      if (code === 0) return resolve();
      reject(programFailed(`${program} ended with ${signal ?? `code ${code}`}`, output));
    });
    // A program that ended early has closed its input; its exit code shows why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

export function cannotRun(program: string, error: Error): MillraceError {
  return embeddedUnavailable(`"${program}" does not run on this machine (${error.message})`, error);
}

/** `output` is what the program printed or logged; its last lines show why it failed. */
export function programFailed(what: string, output: string): MillraceError {
  const lines = output
    .trim()
    .split("\n")
    .slice(-SHOWN_LINES)
    .map((line) => `  ${line}`);
  return new MillraceError("EMBEDDED_FAILED", [`The embedded Postgres did not start: ${what}.`, ...lines].join("\n"), {
    hint: "If its data is damaged, `millrace db reset` starts over; or set DATABASE_URL to another Postgres.",
  });
}
