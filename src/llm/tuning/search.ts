import { canonicalJson } from "../../core/json.ts";
import type { Budget } from "../calls/budget.ts";
import { LlmError } from "../calls/llm-error.ts";
import type { Prompt } from "../prompts/prompt.ts";
import type { LlmSession } from "../answers/session.ts";
import { addCosts, type Costs, NO_COSTS } from "./cost-meter.ts";
import type { Example } from "./examples.ts";
import type { Random } from "./random.ts";
import type { Scored, Scorer } from "./scorer.ts";

/** A prompt, and how it does on the examples that choose. */
export interface Candidate {
  readonly program: Prompt;
  readonly scored: Scored;
}

export interface SearchOptions {
  readonly scorer: Scorer;
  /** Model that makes demonstrations and proposals. */
  readonly teacher: LlmSession;
  readonly random: Random;
  readonly budget: Budget | undefined;
  /** Examples that teach: demonstrations come from them, and instructions are made by their failures. */
  readonly teach: readonly Example[];
  /** Examples that choose between candidates. */
  readonly choose: readonly Example[];
  /** How many examples the result will be confirmed with: there must be money left for it. */
  readonly confirmations: number;
  readonly onCandidate: (search: Search) => void;
}

// Prompts get longer, and answers with them.
const SAFETY = 1.5;

/** The search of one optimisation: every candidate so far, what it cost, and what may still be spent. */
export class Search {
  readonly options: SearchOptions;
  readonly candidates: Candidate[] = [];
  costs: Costs = NO_COSTS;
  /** What the search ran into, in sentences. */
  readonly remarks: string[] = [];
  /** The remaining budget is too small for another candidate. */
  isExhausted = false;
  readonly #seen = new Set<string>();
  #highestUsd = 0;

  constructor(options: SearchOptions) {
    this.options = options;
  }

  /** The candidate that chooses best; of equal ones the first, which is the simplest. */
  get best(): Candidate | undefined {
    return this.candidates.reduce<Candidate | undefined>(
      (best, candidate) => (best === undefined || candidate.scored.score > best.scored.score ? candidate : best),
      undefined,
    );
  }

  /** No candidate can score better on the selection examples, or the money has run out. */
  get isOver(): boolean {
    return this.isExhausted || this.best?.scored.score === 1;
  }

  /** Scores a candidate; undefined when it is known already or there is no money left. */
  async consider(program: Prompt): Promise<Candidate | undefined> {
    const { choose, onCandidate } = this.options;
    const { instructions, demonstrations } = program;
    const key = canonicalJson({ instructions, demonstrations });
    if (this.#seen.has(key)) return undefined;
    this.#seen.add(key);
    const scored = await this.score(program, choose);
    if (scored === undefined) return undefined;
    const candidate = { program, scored };
    this.candidates.push(candidate);
    onCandidate(this);
    return candidate;
  }

  /** Scores a prompt on some examples, if that leaves enough to confirm the result. */
  async score(program: Prompt, examples: readonly Example[], session?: LlmSession): Promise<Scored | undefined> {
    if (!this.#canAfford(examples.length)) return undefined;
    const scored = await this.spend(() =>
      this.options.scorer.score(program, examples, session === undefined ? {} : { session }),
    );
    if (scored !== undefined) this.add(scored, examples.length);
    return scored;
  }

  /** Adds up costs; `examples` is the number of answers they were for. */
  add(costs: Costs, examples: number): void {
    this.costs = addCosts(this.costs, costs);
    if (examples > 0) this.#highestUsd = Math.max(this.#highestUsd, (costs.costUsd ?? 0) / examples);
  }

  /** Does something that costs money; undefined when the budget was too small. */
  async spend<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LlmError) || error.kind !== "budget") throw error;
      this.isExhausted = true;
      return undefined;
    }
  }

  #canAfford(examples: number): boolean {
    const { budget, confirmations } = this.options;
    if (budget === undefined || this.isExhausted) return !this.isExhausted;
    const neededUsd = (examples + confirmations) * this.#highestUsd * SAFETY;
    this.isExhausted = budget.spentUsd + neededUsd > budget.maxUsd;
    return !this.isExhausted;
  }
}
