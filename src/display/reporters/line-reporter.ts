import type { RunEvent } from "../../state/run-events.ts";
import { describeModel, paintStatus } from "../describe-model.ts";
import { widthOf } from "../output.ts";
import { renderEvent } from "../render-event.ts";
import type { Reporter, ReporterOptions } from "./reporter.ts";
import { type ModelProgress, RunState } from "../run-state.ts";
import { renderSummary } from "../summary.ts";

const PROGRESS_EVERY_MS = 5_000;
const VERB_WIDTH = 11;
const VERBS = {
  pending: "pending",
  queued: "waiting",
  running: "running",
  retrying: "retrying",
  succeeded: "done",
  partial: "partial",
  failed: "failed",
  skipped: "skipped",
  cancelled: "cancelled",
} as const;

/** A line whenever something begins or ends, for logs, pipes and CI. */
export class LineReporter implements Reporter {
  readonly #options: ReporterOptions;
  readonly #state = new RunState();
  readonly #reportedAt = new Map<string, number>();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  onEvent(event: RunEvent): void {
    this.#state.apply(event);
    const at = Date.parse(event.at);
    const width = widthOf(this.#options.output, this.#options.environment);
    const lines = [...renderEvent(event, { ...this.#options, width }), ...this.#modelLines(event, at)];
    if (event.type === "run_finished") {
      lines.push(...this.#cancelledLines(at), "", ...renderSummary(this.#state, { ...this.#options, width }));
    }
    if (lines.length > 0) this.#options.output.write(`${lines.join("\n")}\n`);
  }

  #modelLines(event: RunEvent, at: number): readonly string[] {
    switch (event.type) {
      case "model_started":
        this.#reportedAt.set(event.model, at);
        return this.#line(event.model, "started", at);
      case "model_progress": {
        const isDue = at - (this.#reportedAt.get(event.model) ?? at) >= PROGRESS_EVERY_MS;
        if (!isDue) return [];
        this.#reportedAt.set(event.model, at);
        return this.#line(event.model, undefined, at);
      }
      case "model_waiting":
      case "model_retrying":
      case "model_finished":
      case "model_failed":
      case "model_skipped":
        return this.#line(event.model, undefined, at);
      default:
        return [];
    }
  }

  // Models that were still at work in a cancelled run have no end events of their own.
  #cancelledLines(at: number): readonly string[] {
    return [...this.#state.models.values()]
      .filter((model) => model.status === "cancelled" && model.startedAt !== undefined)
      .flatMap((model) => this.#line(model.summary.name, undefined, at));
  }

  #line(name: string, verb: string | undefined, at: number): readonly string[] {
    const model = this.#state.models.get(name);
    if (model === undefined) return [];
    const word = verb ?? VERBS[model.status];
    const details = verb === undefined ? detailsOf(model, at) : "";
    const label = paintStatus(model.status, word, this.#options.colors) + " ".repeat(VERB_WIDTH - word.length);
    return [`${label}${name}${details === "" ? "" : `  ${this.#options.colors.dim(details)}`}`];
  }
}

function detailsOf(model: ModelProgress, at: number): string {
  const parts = describeModel(model, at);
  return (model.status === "cancelled" ? parts.slice(1) : parts).join(" · ");
}
