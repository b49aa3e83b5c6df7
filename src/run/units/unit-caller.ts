import { formatDuration } from "../../core/duration.ts";
import type { AskOptions } from "../../llm/answers/ask.ts";
import type { Outage } from "../../llm/calls/breaker.ts";
import type { ModelJob } from "./model-job.ts";

type CallingJob = Pick<ModelJob, "resolved" | "context" | "asked" | "emit">;

const warned = new WeakSet<CallingJob>();

/** Binds the calls of one unit to it: they are recorded for it, and what it asks is remembered. */
export function unitCaller(
  job: CallingJob,
  { sourceKey, documentId, signal }: { sourceKey: string; documentId: string | null; signal: AbortSignal },
): AskOptions {
  const { resolved, context } = job;
  return {
    signal,
    caller: { runId: context.runId, model: resolved.model.name, sourceKey, documentId },
    onUsage: (_usage, { provider }) => {
      if (provider === "offline") warnOffline(job);
    },
    onOutage: (outage) => warnOutage(job, outage),
    onAsk: (signature) => job.asked.add(signature),
  };
}

// Made-up answers must not be taken for real; warn once.
function warnOffline(job: CallingJob): void {
  if (warned.has(job)) return;
  warned.add(job);
  const message =
    "no language model is configured, so the offline model makes up answers; set `llm.model` in millrace.config.ts, and `llm.embeddingModel` for embeddings";
  job.emit({ type: "log", model: job.resolved.model.name, level: "warning", message });
}

function warnOutage(job: CallingJob, { provider, forMs, nextTryMs }: Outage): void {
  const message =
    nextTryMs === undefined
      ? `${provider} answers again, after ${formatDuration(forMs)}`
      : `${provider} has not answered for ${formatDuration(forMs)}; calls wait, next try in ${formatDuration(nextTryMs)}`;
  job.emit({ type: "log", model: job.resolved.model.name, level: "warning", message });
}
