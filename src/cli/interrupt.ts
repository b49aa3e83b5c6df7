import { GracefulAbort } from "../core/abort.ts";
import type { MillraceError } from "../core/errors.ts";
import type { ExitCode } from "./define-command.ts";
import { endProcess, onFault } from "./faults.ts";

/** How long calls in flight may take to end after the first Ctrl-C. */
const GRACE_MS = 10_000;

export interface InterruptOptions {
  /** Called for every Ctrl-C that does not end the process. */
  readonly onInterrupt?: (count: number) => void;
}

/**
 * Lets Ctrl-C end work cleanly: after the first one nothing new begins and calls in flight get their time, the second one
 * aborts them too, the third one ends the process at once. A closed output counts as the first: nobody sees what goes on.
 * An error that nobody catches ends the work too, and is thrown when it has ended.
 */
export async function withInterrupt(
  work: (signal: AbortSignal) => Promise<ExitCode>,
  { onInterrupt }: InterruptOptions = {},
): Promise<ExitCode> {
  const controller = new AbortController();
  const now = new AbortController();
  const reason = new GracefulAbort("INTERRUPTED", "Interrupted.", now.signal);
  let count = 0;
  let fault: MillraceError | undefined;
  let timer: NodeJS.Timeout | undefined;
  const abort = () => {
    timer ??= setTimeout(() => now.abort(), GRACE_MS);
    controller.abort(reason);
  };
  const interrupt = () => {
    count += 1;
    if (count > 2) endProcess(130);
    onInterrupt?.(count);
    if (count === 2) now.abort();
    abort();
  };
  const onOutputError = () => {
    if (!controller.signal.aborted) abort();
  };
  let releaseFault: (() => void) | undefined;
  let faultTimer: NodeJS.Timeout | undefined;
  const faulty = new Promise<never>((_, reject) => {
    releaseFault = onFault((found) => {
      fault ??= found;
      // The end is written down if that can be done.
      faultTimer ??= setTimeout(() => reject(found), GRACE_MS);
      controller.abort(found);
    });
  });
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  process.stdout.on("error", onOutputError);
  try {
    const code = await Promise.race([work(controller.signal), faulty]);
    if (fault !== undefined) throw fault;
    return controller.signal.aborted && code !== 0 ? 130 : code;
  } catch (error) {
    if (fault !== undefined) throw fault;
    if (controller.signal.aborted && isAbort(error, reason)) return 130;
    throw error;
  } finally {
    clearTimeout(timer);
    clearTimeout(faultTimer);
    releaseFault?.();
    process.removeListener("SIGINT", interrupt).removeListener("SIGTERM", interrupt);
    // After an abort late errors of a closed output must not end the process with another exit code.
    if (!controller.signal.aborted) process.stdout.removeListener("error", onOutputError);
  }
}

function isAbort(error: unknown, reason: unknown): boolean {
  return error === reason || (error instanceof Error && error.name === "AbortError");
}
