import type { RunEvent } from "../../state/run-events.ts";
import type { Output } from "../output.ts";
import type { Reporter } from "./reporter.ts";

/** Every event as one line of JSON; the last one carries the result. */
export class JsonReporter implements Reporter {
  readonly #output: Output;

  constructor(options: { readonly output: Output }) {
    this.#output = options.output;
  }

  onEvent(event: RunEvent): void {
    this.#output.write(`${JSON.stringify(event)}\n`);
  }
}
