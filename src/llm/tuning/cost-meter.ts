import { ask, type Asked, type AskOptions } from "../answers/ask.ts";
import type { Budget } from "../calls/budget.ts";
import type { Prediction } from "../answers/llm-source.ts";
import { type Prompt, promptOf } from "../prompts/prompt.ts";
import type { LlmSession } from "../answers/session.ts";
import type { Signature } from "../prompts/signature.ts";

/** Costs of several calls; null once one of them is not known. */
export interface Costs {
  /** What the answers cost when they were asked, this time or at an earlier one; each counts once. */
  readonly costUsd: number | null;
  /** What was spent this time. */
  readonly spentUsd: number | null;
}

export const NO_COSTS: Costs = { costUsd: 0, spentUsd: 0 };

export function addCosts(a: Costs, b: Costs): Costs {
  const add = (one: number | null, other: number | null) => (one === null || other === null ? null : one + other);
  return { costUsd: add(a.costUsd, b.costUsd), spentUsd: add(a.spentUsd, b.spentUsd) };
}

export interface CostMeterOptions {
  readonly caller: AskOptions;
  /** Counts answers from the cache too: what may be spent holds for all attempts at the same thing together. */
  readonly budget: Budget | undefined;
  /** Keys of the answers that are paid: each counts once, however often it is asked for. */
  readonly paid: Set<string>;
}

/** Asks, and adds up what a few calls that belong together cost. */
export class CostMeter {
  costs: Costs = NO_COSTS;
  readonly #options: CostMeterOptions;

  constructor(options: CostMeterOptions) {
    this.#options = options;
  }

  async ask(session: LlmSession, program: Prompt, input: unknown, signal: AbortSignal): Promise<Asked> {
    const { caller, budget, paid } = this.#options;
    let spentUsd: number | null = 0;
    const onUsage: AskOptions["onUsage"] = (usage, transport) => {
      spentUsd = usage.costUsd;
      caller.onUsage(usage, transport);
    };
    caller.onAsk?.(program.name);
    try {
      const within = { ...session, budget: budget ?? session.budget };
      const asked = await ask(within, program, input, { ...caller, signal, onUsage });
      const isPaid = paid.has(asked.key) && asked.telemetry.llmCached;
      paid.add(asked.key);
      const costUsd = isPaid ? 0 : asked.telemetry.llmCostUsd;
      if (asked.telemetry.llmCached) budget?.count(costUsd ?? 0);
      this.costs = addCosts(this.costs, { costUsd, spentUsd });
      return asked;
    } catch (error) {
      this.costs = addCosts(this.costs, { costUsd: spentUsd, spentUsd });
      throw error;
    }
  }

  /** The same as `llm.predict`, on this account. */
  async predict<Input, Output>(
    session: LlmSession,
    signature: Signature<Input, Output>,
    { input, signal }: { readonly input: Input; readonly signal: AbortSignal },
  ): Promise<Prediction<Output>> {
    const { output, telemetry } = await this.ask(session, promptOf(signature, { withReasoning: false }), input, signal);
    return { output: output as Output, telemetry };
  }
}
