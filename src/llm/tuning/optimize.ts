import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { AskOptions } from "../answers/ask.ts";
import type { LlmSource } from "../answers/llm-source.ts";
import { LlmError } from "../calls/llm-error.ts";
import { type Prompt, promptOf } from "../prompts/prompt.ts";
import type { Signature } from "../prompts/signature.ts";
import type { CostMeterOptions } from "./cost-meter.ts";
import { type TunedPrompt, formatTunedPrompt } from "../prompts/tuned-prompt.ts";
import { createTunedPrompt } from "./create-tuned-prompt.ts";
import { searchDemonstrations } from "./demonstrations.ts";
import { type Measure, openScorer } from "./evaluate.ts";
import { checkExamples, type Example, splitExamples } from "./examples.ts";
import { searchInstructions } from "./instructions.ts";
import type { Optimization, OptimizeOptions, OptimizeProgress, SearchSettings } from "./optimization.ts";
import { Random } from "./random.ts";
import type { Scored } from "./scorer.ts";
import { type Candidate, Search } from "./search.ts";
import { chanceOfGain, round } from "./statistics.ts";

/** A gain that chance brings about more often than this is none. */
const MAX_P_VALUE = 0.05;

/** Searches for a prompt that does better, and believes it only when examples that the search never saw say so. */
export async function optimizeSignature<Input, Output, Expected>(
  source: LlmSource,
  caller: AskOptions,
  signature: Signature<Input, Output>,
  options: OptimizeOptions<Input, Output, Expected>,
): Promise<Optimization> {
  const { train, dev, withReasoning = false } = options;
  checkExamples(train, dev);
  const measure = await openScorer(source, caller, { ...options, failsOnOutage: true });
  const search = await openSearch(source, measure, options);
  const tell = (stage: OptimizeProgress["stage"]) => options.onProgress?.(progressOf(search, stage));
  const erased = signature as Signature<unknown, unknown>;
  const start = promptOf(erased, { withReasoning, adopted: source.adopted?.get(signature.name) });
  tell("measure");
  const before = await measure.scorer.score(start, dev);
  search.add(before, dev.length);
  const over = (reason: string, confirmed?: { readonly after: number; readonly chance: number }): Optimization => ({
    improved: false,
    before: before.score,
    after: confirmed?.after,
    chance: confirmed?.chance,
    reason: [reason, ...search.remarks].join(" "),
    candidates: search.candidates.length,
    ...search.costs,
  });
  if (before.score === 1) return over("Every held-out example is already answered correctly.");
  const winner = await runStrategy(search, start, { ...options, account: measure.account });
  if (winner === undefined) return over("No prompt did better than the current one.");
  tell("confirm");
  const after = await search.spend(() => measure.scorer.score(winner.program, dev));
  if (after === undefined) return over("The budget had no room to confirm the best prompt.");
  search.add(after, dev.length);
  const chance = chanceOf(before, after);
  const doubt = doubtOf({ before: before.score, after: after.score, chance });
  if (doubt !== undefined) return over(doubt, { after: after.score, chance });
  const candidates = search.candidates.length;
  const { params } = measure.session;
  const found = { program: winner.program, params, before, after, chance, candidates, costUsd: search.costs.costUsd };
  const artifact = createTunedPrompt(source, erased, options, found);
  return {
    improved: true,
    before: before.score,
    after: after.score,
    chance,
    candidates,
    ...search.costs,
    artifact,
    save: (file) => saveArtifact(artifact, file),
  };
}

async function openSearch<Input, Output, Expected>(
  source: LlmSource,
  { scorer, session, account }: Measure,
  options: OptimizeOptions<Input, Output, Expected>,
): Promise<Search> {
  const { train, dev, seed = 1, teacher: named, teacherPrice, onProgress } = options;
  const [teach, choose] = splitExamples<Example>(train, { share: 0.5, seed });
  const teacher = named === undefined ? session : await source.with({ model: named, price: teacherPrice }).open();
  if (account.budget !== undefined && teacher.price === undefined) {
    const { provider, model } = teacher.transport;
    throw new LlmError(
      "budget",
      `The price of the teacher, ${provider}:${model}, is unknown, so a budget cannot be kept.`,
      {
        hint: "Set `teacherPrice`, `{ inputPer1M, outputPer1M }` in USD, or remove the cost limit.",
      },
    );
  }
  return new Search({
    scorer,
    teacher,
    random: new Random(seed),
    budget: account.budget,
    teach,
    choose,
    confirmations: dev.length,
    onCandidate: (search) => onProgress?.(progressOf(search, "search")),
  });
}

const progressOf = ({ costs, candidates, best }: Search, stage: OptimizeProgress["stage"]): OptimizeProgress => ({
  stage,
  ...costs,
  candidates: candidates.length,
  bestScore: best?.scored.score,
});

// In one step: a run may be about to read it.
async function saveArtifact(artifact: TunedPrompt, file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  await writeFile(draft, formatTunedPrompt(artifact));
  await rename(draft, file);
}

/** Why a gain is not to be believed; undefined when it is. */
function doubtOf(gain: {
  readonly before: number;
  readonly after: number;
  readonly chance: number;
}): string | undefined {
  const { before, after, chance } = gain;
  const what = `The best prompt scored ${round(after)} on the held-out examples, the current one ${round(before)}`;
  if (after <= before) return `${what}.`;
  return chance > MAX_P_VALUE ? `${what}, which may be chance (p = ${chance}); more examples would tell.` : undefined;
}

/** The candidate that did better than the present prompt on the examples that choose, if there is one. */
async function runStrategy(
  search: Search,
  start: Prompt,
  options: SearchSettings & { readonly account: CostMeterOptions },
): Promise<Candidate | undefined> {
  const { strategy = "both", candidates = 8, rounds = 8, maxDemonstrations = 4, demonstrationScore = 1 } = options;
  const first = await search.consider(start);
  if (first !== undefined && strategy !== "demonstrations")
    await searchInstructions(search, { rounds, account: options.account });
  const from = search.best;
  if (from !== undefined && strategy !== "instructions" && !search.isOver)
    await searchDemonstrations(search, from, { candidates, maxDemonstrations, demonstrationScore });
  if (search.isExhausted) search.remarks.push("The budget ended the search.");
  return search.best === first ? undefined : search.best;
}

const chanceOf = (before: Scored, after: Scored) =>
  chanceOfGain(
    before.examples.map(({ score }) => score),
    after.examples.map(({ score }) => score),
  );
