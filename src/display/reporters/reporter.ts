import type { RunEvent } from "../../state/run-events.ts";
import type { Environment, Output, Palette } from "../output.ts";
import type { Suggest } from "../suggest.ts";

/** Shows a run while it happens. */
export interface Reporter {
  onEvent(event: RunEvent): void;
  /** Leaves the output as a person finds it useful; called once, also when the run could not start. */
  close(): void;
}

export interface ReporterOptions {
  readonly output: Output;
  readonly colors: Palette;
  readonly environment?: Environment | undefined;
  readonly command?: Suggest | undefined;
  readonly isVerbose?: boolean | undefined;
}
