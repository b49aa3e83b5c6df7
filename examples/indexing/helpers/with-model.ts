import type { Llm } from "millrace/llm";

/** Whether a language model answers, rather than the offline one, which makes answers up. */
export const canAsk = (llm: Llm, llmModel: string | undefined) => !llm.isOffline || llmModel !== undefined;

/** Does work with the model that is named, or else with the project's own. */
export function withModel<Result>(
  llm: Llm,
  llmModel: string | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  return llmModel === undefined ? work() : llm.context({ model: llmModel }, work);
}
