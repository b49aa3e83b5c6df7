import type { ModelRunRecord } from "../state/model-run-store.ts";
import type { Project } from "./project.ts";

const WORDS: Readonly<Partial<Record<ModelRunRecord["status"], string>>> = {
  succeeded: "success",
  failed: "error",
  partial: "partial",
  skipped: "skipped",
  cancelled: "cancelled",
};

/** The result of each model in the latest run that has ended, in selector terms. */
export async function lastResults(project: Project): Promise<ReadonlyMap<string, readonly string[]>> {
  const runs = await project.runs.list({ limit: 50 });
  const last = runs.find(({ status }) => status !== "running");
  if (last === undefined) return new Map();
  const { modelRuns } = await project.runs.show(last.runId);
  return new Map(modelRuns.map((record) => [record.model, wordsOf(record)]));
}

function wordsOf({ status, tests }: ModelRunRecord): readonly string[] {
  const word = WORDS[status];
  const words = word === undefined ? [] : [word];
  if (tests === undefined) return words;
  return [...words, ...(tests.failed + tests.errored > 0 ? ["fail"] : []), ...(tests.warned > 0 ? ["warn"] : [])];
}
