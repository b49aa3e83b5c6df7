import { runCommand } from "./run-command.ts";

/** The program: what `bin/millrace.js` starts. */
export async function main(rawArgs: readonly string[]): Promise<void> {
  endQuietlyWithoutReader();
  process.exitCode = await runCommand(rawArgs);
}

// `millrace ls | head` closes the pipe early, which is no failure. Whoever listens too decides for itself.
function endQuietlyWithoutReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (process.stdout.listenerCount("error") === 1) process.exit();
  });
  process.stderr.on("error", () => undefined);
}
