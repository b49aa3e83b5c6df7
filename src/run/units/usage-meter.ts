import { addUsage, NO_USAGE, type UsageTotals } from "../../llm/answers/telemetry.ts";
import type { ModelJob } from "./model-job.ts";
import { recordAbandonedUsage, type UnitUsage } from "../../state/usage.ts";

const warned = new WeakSet<MeteredJob>();

type MeteredJob = Pick<ModelJob, "database" | "resolved" | "context" | "asked" | "emit">;

/** Adds up what the calls of one unit take. */
export class UsageMeter {
  usage: UsageTotals = NO_USAGE;
  readonly #job: MeteredJob;
  #abandoned: Omit<UnitUsage, "usage"> | undefined;

  constructor(job: MeteredJob) {
    this.#job = job;
  }

  readonly onUsage = (used: UsageTotals, { provider }: { readonly provider: string }): void => {
    if (this.#abandoned === undefined) this.usage = addUsage(this.usage, used);
    else void this.#record({ ...this.#abandoned, usage: used });
    if (provider === "offline") this.#warnOffline();
  };

  /** Stores what was taken, and what calls still take that are on their way: the unit will have no outcome. */
  async abandon({ sourceKey, documentId }: Omit<UnitUsage, "usage">): Promise<void> {
    this.#abandoned = { sourceKey, documentId };
    await this.#record({ sourceKey, documentId, usage: this.usage });
  }

  readonly onAsk = (signature: string): void => this.#job.asked.add(signature);

  #record(unit: UnitUsage): Promise<void> {
    const { database, resolved, context } = this.#job;
    return recordAbandonedUsage(database, { model: resolved.model.name, runId: context.runId }, unit);
  }

  // Made-up answers must not be taken for real; once is enough to say so.
  #warnOffline(): void {
    if (warned.has(this.#job)) return;
    warned.add(this.#job);
    const message =
      "no language model is configured: the offline model makes answers up; set `llm.model` in millrace.config.ts, and `llm.embeddingModel` for embeddings";
    this.#job.emit({ type: "log", model: this.#job.resolved.model.name, level: "warning", message });
  }
}
