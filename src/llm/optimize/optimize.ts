import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { canonicalJson } from "../../core/json.ts";
import type { AskOptions } from "../ask.ts";
import type { LlmSource } from "../llm.ts";
import type { Price } from "../prices.ts";
import { programOf } from "../program.ts";
import type { Signature } from "../signature.ts";
import type { Costs } from "./account.ts";
import { type Artifact, formatArtifact } from "./artifact.ts";
import { createArtifact } from "./create-artifact.ts";
import { searchDemonstrations } from "./demonstrations.ts";
import { type MeasureOptions, openScorer, type OtherModel } from "./evaluate.ts";
import { type Example, splitExamples } from "./examples.ts";
import { searchInstructions } from "./instructions.ts";
import { Random } from "./random.ts";
import type { Scored } from "./scorer.ts";
import { type Candidate, Search } from "./search.ts";
import { chanceOfGain, round } from "./statistics.ts";

/** `demonstrations` shows examples, `instructions` rewrites what is asked for, `both` does one after the other. */
export type Strategy = "demonstrations" | "instructions" | "both";

export interface OptimizeProgress extends Costs {
  readonly stage: "measure" | "search" | "confirm";
  /** Prompts that were scored so far, the first one included. */
  readonly candidates: number;
  /** On the examples that choose; undefined before the first. */
  readonly bestScore: number | undefined;
}

export interface OptimizeOptions<Input, Output, Expected> extends MeasureOptions<Input, Output, Expected> {
  /** Examples to learn from: one half teaches, the other half chooses. */
  readonly train: readonly Example<Input, Expected>[];
  /** Examples to confirm the result with. The search never sees them. */
  readonly dev: readonly Example<Input, Expected>[];
  /** `both` unless said otherwise. */
  readonly strategy?: Strategy;
  /** Model that makes demonstrations and proposals, usually a larger one; the one that answers unless given. */
  readonly teacher?: OtherModel;
  readonly teacherPrice?: Price;
  /** Same seed, same data, same answers: same artifact. 1 unless given. */
  readonly seed?: number;
  /** Sets of demonstrations to try; 8 unless said otherwise. */
  readonly candidates?: number;
  /** Proposals of instructions to ask for; 8 unless said otherwise. */
  readonly rounds?: number;
  /** Most demonstrations in a prompt; 4 unless said otherwise. */
  readonly maxDemonstrations?: number;
  readonly onProgress?: (progress: OptimizeProgress) => void;
}

/** What an optimisation came to. Without a gain that the held-out examples confirm there is no artifact. */
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
        readonly artifact: Artifact;
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

// With fewer examples not even five answers that are right instead of wrong would tell a gain from chance.
const LEAST_DEV = 5;
const LEAST_TRAIN = 4;
/** A gain that chance brings about more often than this is none. */
const MOST_CHANCE = 0.05;

/** Searches for a prompt that does better, and believes it only when examples that the search never saw say so. */
export async function optimizeSignature<Input, Output, Expected>(
  source: LlmSource,
  caller: AskOptions,
  signature: Signature<Input, Output>,
  options: OptimizeOptions<Input, Output, Expected>,
): Promise<Optimization> {
  const { train, dev, thinks = false, seed = 1, teacher, teacherPrice, onProgress } = options;
  checkExamples(train, dev);
  const { scorer, session, account } = await openScorer(source, caller, options);
  const erased = signature as Signature<unknown, unknown>;
  const start = programOf(erased, { thinks, adopted: source.adopted?.get(signature.name) });
  const [teach, choose] = splitExamples<Example>(train, { share: 0.5, seed });
  const tell = (stage: OptimizeProgress["stage"], { costs, candidates, best }: Search) =>
    onProgress?.({ stage, ...costs, candidates: candidates.length, bestScore: best?.scored.score });
  const search = new Search({
    scorer,
    teacher: teacher === undefined ? session : await source.with({ model: teacher, price: teacherPrice }).open(),
    random: new Random(seed),
    budget: account.budget,
    teach,
    choose,
    confirmations: dev.length,
    onCandidate: (so) => tell("search", so),
  });
  tell("measure", search);
  const before = await scorer.score(start, dev);
  search.add(before, dev.length);
  const over = (reason: string, confirmed?: { readonly after: number; readonly chance: number }): Optimization => ({
    improved: false,
    before: before.score,
    after: confirmed?.after,
    chance: confirmed?.chance,
    reason,
    candidates: search.candidates.length,
    ...search.costs,
  });
  if (before.score === 1) return over("Every held-out example is answered right already.");
  const first = await search.consider(start);
  if (first === undefined) return over("The budget has no room for a search.");
  await runStrategy(search, first, { ...options, account });
  const winner = search.best ?? first;
  const ended = search.isExhausted ? " The budget ended the search." : "";
  if (winner === first) return over(`No prompt did better than the present one.${ended}`);
  tell("confirm", search);
  const after = await search.spend(() => scorer.score(winner.program, dev));
  if (after === undefined) return over("The budget had no room to confirm the best prompt.");
  search.add(after, dev.length);
  const chance = chanceOf(before, after);
  if (after.score <= before.score || chance > MOST_CHANCE) {
    const what = `The best prompt scored ${round(after.score)} on the held-out examples, the present one ${round(before.score)}`;
    const why = after.score > before.score ? `, which may be chance (p = ${chance}); more examples would tell.` : ".";
    return over(`${what}${why}${ended}`, { after: after.score, chance });
  }
  const artifact = createArtifact(source, erased, options, {
    program: winner.program,
    params: session.params,
    before,
    after,
    chance,
    candidates: search.candidates.length,
    costUsd: search.costs.costUsd,
  });
  return {
    improved: true,
    before: before.score,
    after: after.score,
    chance,
    candidates: search.candidates.length,
    ...search.costs,
    artifact,
    async save(file) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, formatArtifact(artifact));
    },
  };
}

async function runStrategy(
  search: Search,
  first: Candidate,
  options: Pick<OptimizeOptions<never, never, never>, "strategy" | "candidates" | "rounds" | "maxDemonstrations"> & {
    readonly account: Parameters<typeof searchInstructions>[1]["account"];
  },
): Promise<void> {
  const { strategy = "both", candidates = 8, rounds = 8, maxDemonstrations = 4, account } = options;
  if (strategy !== "demonstrations") await searchInstructions(search, { rounds, account });
  const from = search.best ?? first;
  if (strategy !== "instructions" && from.scored.score < 1)
    await searchDemonstrations(search, from, { candidates, maxDemonstrations });
}

const chanceOf = (before: Scored, after: Scored) =>
  chanceOfGain(
    before.examples.map(({ score }) => score),
    after.examples.map(({ score }) => score),
  );

function checkExamples(train: readonly Example[], dev: readonly Example[]): void {
  if (train.length < LEAST_TRAIN || dev.length < LEAST_DEV) {
    const message = `An optimisation needs at least ${LEAST_TRAIN} examples to learn from and ${LEAST_DEV} to confirm with; there are ${train.length} and ${dev.length}.`;
    throw new UsageError("EXAMPLES_TOO_FEW", message, {
      hint: "`millrace llm label` writes more of them to correct; fifty of each tell small gains from chance.",
    });
  }
  const known = new Set(train.map(({ input }) => canonicalJson(input)));
  const shared = dev.filter(({ input }) => known.has(canonicalJson(input))).length;
  if (shared === 0) return;
  throw new UsageError("EXAMPLES_OVERLAP", `${shared} of the held-out examples are among those to learn from.`, {
    hint: "Take them out of one of the two: a prompt must not be confirmed with what it was made from.",
  });
}
