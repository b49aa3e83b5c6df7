import type { RunEvent } from "../../state/run-events.ts";
import type { Environment, Output, Palette } from "../output.ts";
import type { Suggest } from "../suggest.ts";

/**
 * Shows a run while it happens, or passes on what happens in it. `--reporter <file>` takes a module whose default export
 * is one, or makes one.
 *
 * @see `docs/reporters.md`
 */
export interface Reporter {
  /** Every event of a run, in order. The run does not wait for what this returns; `close` comes after all of it. */
  onEvent(event: RunEvent): void | Promise<void>;
  /** Called once, after the last event, also when the run could not start. The command waits for it. */
  close?(): void | Promise<void>;
}

/** What a function that makes a reporter is given. */
export interface ReporterContext {
  /** The project's folder. */
  readonly directory: string;
  /** Standard output, which `--json` needs for itself. */
  readonly output: Output;
  /** `--verbose` was given. */
  readonly isVerbose: boolean;
}

/** Makes a reporter when a run is about to start. */
export type ReporterFactory = (context: ReporterContext) => Reporter | Promise<Reporter>;

export interface ReporterOptions {
  readonly output: Output;
  readonly colors: Palette;
  readonly environment?: Environment | undefined;
  readonly command?: Suggest | undefined;
  readonly isVerbose?: boolean | undefined;
}
