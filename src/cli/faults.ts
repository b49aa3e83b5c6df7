import { errorToJson, MillraceError } from "../core/errors.ts";
import { currentActivity } from "../run/units/activity.ts";

type OnFault = (fault: MillraceError) => void;

const exit = process.exit.bind(process);
const handlers: OnFault[] = [];

/** Ends the process at once. What `process.exit` does while a command is at work is not for the project's code. */
export const endProcess: (code: number) => never = exit;

/** Handles what the project's code does to the process while a command is at work; the innermost handler is called. */
export function onFault(handler: OnFault): () => void {
  handlers.push(handler);
  return () => void handlers.splice(handlers.indexOf(handler), 1);
}

/** Treats uncaught errors, calls of `process.exit`, and promises that never settle as faults. */
export function watchFaults(): void {
  process.exit = (code) => {
    throw new MillraceError("PROCESS_EXIT", `${subject()} called process.exit(${code ?? ""}).`, {
      hint: "Return or throw instead: a run has to write down how it ended.",
    });
  };
  const uncaught = (error: unknown) => {
    raise(
      error instanceof MillraceError && error.code === "PROCESS_EXIT" ? asFault(error.message, error) : describe(error),
    );
  };
  process.on("uncaughtException", uncaught).on("unhandledRejection", uncaught);
  process.once("beforeExit", () => {
    const message = "The command waits for a promise that nothing can settle any more.";
    const hint = "Look for an `await` without an end at the top of a model file or of millrace.config.ts.";
    raise(new MillraceError("NEVER_SETTLED", message, { hint }));
  });
}

function raise(fault: MillraceError): void {
  handlers.at(-1)?.(fault);
}

function describe(error: unknown): MillraceError {
  const { code, message, stack } = errorToJson(error);
  const place = stack?.[0] === undefined ? "" : ` (${stack[0]})`;
  return asFault(`${subject()}: nobody caught an error: ${code}: ${message}${place}`, error);
}

function asFault(message: string, cause: unknown): MillraceError {
  const hint = "Await every promise, and catch errors in timers and events; finished units are kept.";
  return new MillraceError("UNCAUGHT_ERROR", message, { cause, hint });
}

function subject(): string {
  const activity = currentActivity();
  if (activity === undefined) return "The project's code";
  const unit = activity.unit === undefined ? "" : `, unit "${activity.unit}"`;
  return `Model "${activity.model}"${unit}`;
}
