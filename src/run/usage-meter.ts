import { addUsage, NO_USAGE, type UsageTotals } from "../llm/telemetry.ts";
import type { ModelJob } from "./model-job.ts";
import { recordAbandonedUsage, type UnitUsage } from "../state/usage.ts";

const told = new WeakSet<ModelJob>();

/** Adds up what the calls of one unit take. */
export class UsageMeter {
  usage: UsageTotals = NO_USAGE;
  readonly #job: ModelJob;
  #lost: Omit<UnitUsage, "usage"> | undefined;

  constructor(job: ModelJob) {
    this.#job = job;
  }

  readonly onUsage = (used: UsageTotals, { provider }: { readonly provider: string }): void => {
    if (this.#lost === undefined) this.usage = addUsage(this.usage, used);
    else void recordAbandonedUsage(this.#job, { ...this.#lost, usage: used });
    if (provider === "offline") this.#tellOffline();
  };

  /** Books what was taken, and what calls still take that are on their way: nothing else will become of the unit. */
  async abandon({ sourceKey, documentId }: Omit<UnitUsage, "usage">): Promise<void> {
    this.#lost = { sourceKey, documentId };
    await recordAbandonedUsage(this.#job, { sourceKey, documentId, usage: this.usage });
  }

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
