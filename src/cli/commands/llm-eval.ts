import { resolve } from "node:path";
import { renderEvaluation } from "../../display/render-prompts.ts";
import { loadTunedPrompt } from "../../llm/prompts/signature.ts";
import { findSignature } from "../../project/find-signature.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { loadExamples, measureArgs, openPromptLlm, readScore, untilInterrupted } from "../prompt-options.ts";
import { readMetric } from "../read-metric.ts";
import { readCount, readUsd } from "../read-options.ts";

export default defineCommand({
  args: {
    ...measureArgs,
    ...projectArgs,
    program: { type: "string", valueHint: "file", description: "Tuned prompt to use instead of the one in programs/" },
    "without-programs": { type: "boolean", description: "Ignore the tuned prompts in programs/" },
    "min-score": { type: "string", valueHint: "0..1", description: "Exit with 1 if the score is lower" },
    ...jsonArgs,
  },
  examples: [
    ["llm eval extract_knowledge --data dev.jsonl --metric f1:entities:name,entityType", "score on a dev set"],
    ["llm eval helpers/prompts.ts#classify --data dev.jsonl --min-score 0.8", "as a check in CI"],
    ["llm eval classify --data dev.jsonl --without-programs", "without its tuned prompt"],
  ],
  async run({ args }) {
    const concurrency = readCount("concurrency", args.concurrency);
    const maxCostUsd = readUsd("max-cost", args["max-cost"]);
    const least = readScore("min-score", args["min-score"]) ?? 0;
    await using project = await openCliProject(args);
    const declared = await findSignature(project, args.signature);
    const signature = args.program === undefined ? declared : await loadTunedPrompt(declared, resolve(args.program));
    const examples = await loadExamples(args.data, signature);
    const metric = await readMetric(project, args.metric);
    const printer = createPrinter();
    return await untilInterrupted(async (signal) => {
      const llm = await openPromptLlm(project, { signal, withoutPrograms: args["without-programs"] });
      const evaluation = await llm.evaluate(signature, {
        examples,
        metric,
        withReasoning: args["with-reasoning"] === true,
        ...(args.judge === undefined ? {} : { judge: args.judge }),
        ...(concurrency === undefined ? {} : { concurrency }),
        ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      });
      if (args.json === true) printJson(evaluation);
      else printer.lines(renderEvaluation(signature.name, evaluation, printer));
      return evaluation.score < least ? 1 : 0;
    });
  },
});
