import { addUsage, NO_USAGE, type UsageTotals } from "../llm/telemetry.ts";
import type { ModelJob } from "./model-job.ts";

const told = new WeakSet<ModelJob>();

/** Adds up what the calls of one unit take. */
export class LlmAccount {
  usage: UsageTotals = NO_USAGE;
  readonly #job: ModelJob;

  constructor(job: ModelJob) {
    this.#job = job;
  }

  readonly onUsage = (used: UsageTotals, { provider }: { readonly provider: string }): void => {
    this.usage = addUsage(this.usage, used);
    if (provider === "offline") this.#tellOffline();
  };

  readonly onAsk = (signature: string): void => this.#job.asked.add(signature);

  // Made-up answers must not be taken for real; once is enough to say so.
  #tellOffline(): void {
    if (told.has(this.#job)) return;
    told.add(this.#job);
    const message =
      "no language model is configured: the offline model makes answers up; set `llm.model` in millrace.config.ts, and `llm.embeddingModel` for embeddings";
    this.#job.emit({ type: "log", model: this.#job.resolved.model.name, level: "warning", message });
  }
}
