import type { RunEvent } from "../../state/run-events.ts";
import { LiveArea } from "./live-area.ts";
import { widthOf } from "../output.ts";
import { renderEvent } from "../render-event.ts";
import { renderTree } from "../render-tree.ts";
import type { Reporter, ReporterOptions } from "./reporter.ts";
import { RunState } from "../run-state.ts";
import { renderSummary } from "../summary.ts";

const REDRAW_MS = 100;

/** A live tree of models on a terminal; when the run has ended, the tree stays with a summary below it. */
export class TreeReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #state = new RunState();
  #area: LiveArea | undefined;
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;
  #drawnAt = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  onEvent(event: RunEvent): void {
    this.#state.apply(event);
    if (event.type === "run_started") this.#open();
    const lines = renderEvent(event, { ...this.#options, width: this.#width() });
    if (lines.length > 0) this.#print(lines);
    if (event.type === "run_finished") return this.#finish();
    if (Date.now() - this.#drawnAt >= REDRAW_MS) this.#draw();
  }

  close(): void {
    if (this.#area === undefined) return;
    // The run never got to its end: what has been seen of it stays on the screen.
    const hasBegun = [...this.#state.models.values()].some((model) => model.status !== "pending");
    this.#stop();
    if (hasBegun) this.#write(this.#tree());
  }

  #open(): void {
    this.#area ??= new LiveArea(this.#options.output);
    // Does not keep the process alive: a run that is over needs no picture.
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref();
  }

  #finish(): void {
    this.#stop();
    this.#write(["", ...this.#tree(), "", ...renderSummary(this.#state, { ...this.#options, width: this.#width() })]);
  }

  #draw(): void {
    this.#drawnAt = Date.now();
    this.#frame += 1;
    const rows = this.#options.output.rows ?? 24;
    this.#area?.draw(["", ...this.#tree({ height: Math.max(2, rows - 3), frame: this.#frame })]);
  }

  #tree(live: { readonly height?: number; readonly frame?: number } = {}): readonly string[] {
    return renderTree(this.#state, { colors: this.#options.colors, width: this.#width(), now: Date.now(), ...live });
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#area?.close();
    this.#area = undefined;
  }

  #print(lines: readonly string[]): void {
    if (this.#area === undefined) this.#write(lines);
    else this.#area.print(lines);
  }

  #write(lines: readonly string[]): void {
    this.#options.output.write(`${lines.join("\n")}\n`);
  }

  #width(): number {
    return Math.min(widthOf(this.#options.output, this.#options.environment), 160);
  }
}
