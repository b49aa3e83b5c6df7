import type { Price } from "../answers/price.ts";
import type { Costs } from "./cost-meter.ts";
import type { TunedPrompt } from "../prompts/tuned-prompt.ts";
import type { MeasureOptions, OtherModel } from "./evaluate.ts";
import type { Example } from "./examples.ts";

/** `demonstrations` shows examples, `instructions` rewrites what is asked for, `both` does one after the other. */
export type Strategy = "demonstrations" | "instructions" | "both";

/** Progress of a search, reported whenever a prompt has been scored. */
export interface OptimizeProgress extends Costs {
  readonly stage: "measure" | "search" | "confirm";
  /** Prompts that were scored so far, the first one included. */
  readonly candidates: number;
  /** On the examples that choose; undefined before the first. */
  readonly bestScore: number | undefined;
}

/** How far and wide is searched. */
export interface SearchSettings {
  /** `both` unless said otherwise. */
  readonly strategy?: Strategy;
  /** Sets of demonstrations to try; 8 unless said otherwise. */
  readonly candidates?: number;
  /** Proposals of instructions to ask for; 8 unless said otherwise. */
  readonly rounds?: number;
  /** Most demonstrations in a prompt; 4 unless said otherwise. */
  readonly maxDemonstrations?: number;
  /** How good an answer of the teacher must be to be shown, 0 to 1; 1 unless said otherwise. */
  readonly demonstrationScore?: number;
}

/** What to learn from, what to confirm with, and what it may cost. */
export interface OptimizeOptions<Input, Output, Expected>
  extends MeasureOptions<Input, Output, Expected>, SearchSettings {
  /** Examples to learn from: one half teaches, the other half chooses. */
  readonly train: readonly Example<Input, Expected>[];
  /** Examples to confirm the result with. The search never sees them. */
  readonly dev: readonly Example<Input, Expected>[];
  /** Model that makes demonstrations and proposals, usually a larger one; the one that answers unless given. */
  readonly teacher?: OtherModel;
  readonly teacherPrice?: Price;
  /** Same seed, same data, same answers: same artifact. 1 unless given. */
  readonly seed?: number;
  readonly onProgress?: (progress: OptimizeProgress) => void;
}

/** The result of an optimisation. Without a gain that the held-out examples confirm there is no artifact. */
export type Optimization = Costs & {
  /** On the held-out examples. */
  readonly before: number;
  /** Prompts that were scored, the first one included. */
  readonly candidates: number;
} & (
    | {
        readonly improved: true;
        /** On the held-out examples. */
        readonly after: number;
        /** How likely such a gain is when nothing got better. */
        readonly chance: number;
        readonly artifact: TunedPrompt;
        save(file: string): Promise<void>;
      }
    | {
        readonly improved: false;
        /** On the held-out examples; undefined when nothing was worth confirming. */
        readonly after: number | undefined;
        readonly chance: number | undefined;
        /** Why not, in a sentence. */
        readonly reason: string;
      }
  );
