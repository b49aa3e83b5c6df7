import { MillraceError } from "../core/errors.ts";
import type { ExitCode } from "./define-command.ts";

/**
 * Lets Ctrl-C end work cleanly: the first one aborts the signal, the second one ends the process at once. A closed
 * output counts as the first: nobody sees what goes on.
 */
export async function withInterrupt(
  work: (signal: AbortSignal) => Promise<ExitCode>,
  options: { readonly onInterrupt?: () => void } = {},
): Promise<ExitCode> {
  const controller = new AbortController();
  const reason = new MillraceError("INTERRUPTED", "Interrupted.");
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    options.onInterrupt?.();
    controller.abort(reason);
  };
  const onOutputError = () => {
    if (!controller.signal.aborted) controller.abort(reason);
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  process.stdout.on("error", onOutputError);
  try {
    const code = await work(controller.signal);
    return controller.signal.aborted && code !== 0 ? 130 : code;
  } catch (error) {
    if (controller.signal.aborted && isAbort(error, reason)) return 130;
    throw error;
  } finally {
    process.removeListener("SIGINT", interrupt).removeListener("SIGTERM", interrupt);
    // After an abort late errors of a closed output must not end the process with another exit code.
    if (!controller.signal.aborted) process.stdout.removeListener("error", onOutputError);
  }
}

function isAbort(error: unknown, reason: unknown): boolean {
  return error === reason || (error instanceof Error && error.name === "AbortError");
}
