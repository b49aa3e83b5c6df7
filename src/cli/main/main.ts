import { endProcess, onFault, watchFaults } from "../faults.ts";
import { reportError, runCommand } from "./run-command.ts";

/** How long a command that has ended waits for what the project left open. */
const OPEN_MS = 1_000;

/** The program: what `bin/millrace.js` starts. */
export async function main(rawArgs: readonly string[]): Promise<void> {
  let isOutputLost = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `millrace ls | head` closes the pipe early, which is not a failure. Other listeners decide for themselves.
    const isAlone = process.stdout.listenerCount("error") === 1;
    if (error.code === "EPIPE") return isAlone ? endProcess(0) : undefined;
    if (isOutputLost) return undefined;
    isOutputLost = true;
    process.stderr.write(`✗ Standard output cannot be written: ${error.code ?? error.message}. [OUTPUT_FAILED]\n`);
    return isAlone ? endProcess(1) : undefined;
  });
  process.stderr.on("error", () => undefined);
  watchFaults();
  const release = onFault((fault) => void reportError(fault, rawArgs).then(() => endProcess(1)));
  const code = await runCommand(rawArgs);
  release();
  process.exitCode = isOutputLost ? 1 : code;
  // A timer or a server of the project's must not hold what has ended.
  setTimeout(() => endProcess(isOutputLost ? 1 : code), OPEN_MS).unref();
}
