import { join, resolve } from "node:path";
import { renderOptimization, renderOptimizeProgress } from "../../display/render-prompts.ts";
import { adoptedFile } from "../../llm/prompts/adopted-prompts.ts";
import { splitExamples } from "../../llm/tuning/examples.ts";
import type { OptimizeProgress, Strategy } from "../../llm/tuning/optimization.ts";
import { findSignature } from "../../project/find-signature.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { loadExamples, measureArgs, openPromptLlm, readScore, untilInterrupted } from "../prompt-options.ts";
import { readMetric } from "../read-metric.ts";
import { readCount, readUsd } from "../read-options.ts";

const onProgress = (progress: OptimizeProgress) => void process.stderr.write(`${renderOptimizeProgress(progress)}\n`);
const STRATEGIES: readonly Strategy[] = ["both", "demonstrations", "instructions"];
/** Of one file: what is kept to confirm the result with. */
const DEV_SHARE = 0.4;

export default defineCommand({
  args: {
    ...measureArgs,
    ...projectArgs,
    dev: { type: "string", valueHint: "file", description: "Held-out examples; by default 40% of the data" },
    strategy: { type: "enum", options: STRATEGIES, default: "both", description: "What to search for" },
    teacher: { type: "string", valueHint: "model", description: "Language model that proposes instructions" },
    seed: { type: "string", valueHint: "n", default: "1", description: "Random seed" },
    candidates: { type: "string", valueHint: "n", description: "Number of demonstration sets to try (default: 8)" },
    rounds: { type: "string", valueHint: "n", description: "Number of instruction proposals (default: 8)" },
    "demonstration-score": {
      type: "string",
      valueHint: "0..1",
      description: "Minimum score of an answer used as a demonstration (default: 1)",
    },
    out: {
      type: "string",
      valueHint: "file",
      description: "Output file; by default programs/<signature>.json, where runs pick it up",
    },
    ...jsonArgs,
  },
  examples: [
    ["llm optimize classify --data rows.jsonl --max-cost 2", "find a better prompt and use it"],
    [
      "llm optimize classify --data rows.jsonl --teacher openai:gpt-4.1 --out better.json",
      "with a larger model as teacher",
    ],
  ],
  async run({ args }) {
    const { strategy } = args;
    const seed = readCount("seed", args.seed) ?? 1;
    const given = {
      concurrency: readCount("concurrency", args.concurrency),
      maxCostUsd: readUsd("max-cost", args["max-cost"]),
      candidates: readCount("candidates", args.candidates),
      rounds: readCount("rounds", args.rounds),
      demonstrationScore: readScore("demonstration-score", args["demonstration-score"]),
      teacher: args.teacher,
      judge: args.judge,
    };
    const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    await using project = await openCliProject(args);
    const signature = await findSignature(project, args.signature);
    const metric = await readMetric(project, args.metric);
    const data = await loadExamples(args.data, signature);
    const [dev, train] =
      args.dev === undefined
        ? splitExamples(data, { share: DEV_SHARE, seed })
        : [await loadExamples(args.dev, signature), data];
    const file = args.out === undefined ? join(project.directory, adoptedFile(signature.name)) : resolve(args.out);
    const { colors, lines, aside } = createPrinter();
    return await untilInterrupted(async (signal) => {
      const llm = await openPromptLlm(project, { signal });
      const measured = { train, dev, metric, strategy, seed, withReasoning: args["with-reasoning"] === true };
      const found = await llm.optimize(signature, { ...options, ...measured, onProgress });
      if (found.improved) await found.save(file);
      if (args.json === true) printJson({ ...found, file: found.improved ? file : null });
      else lines(renderOptimization(found, { name: signature.name, file, colors }));
      const next = createCommandLine(args)("plan");
      if (found.improved && args.json !== true && args.out === undefined)
        aside(`\n${colors.dim("Next:")} ${colors.cyan(next)}`);
      return found.improved ? 0 : 1;
    });
  },
});
