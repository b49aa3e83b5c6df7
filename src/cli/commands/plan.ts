import { renderPlan } from "../../display/render-plan.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { filterArgs, readCount, readFilters, readPatterns, readSettings } from "../read-options.ts";
import { choosePipeline, selectArgs, selectRepeatable, wordsOf } from "../select-options.ts";

export default defineCommand({
  args: {
    pipeline: {
      type: "positional",
      description: "A pipeline, a namespace or a model; without it the only one there is, or all models",
    },
    ...projectArgs,
    ...selectArgs,
    documents: {
      type: "string",
      valueHint: "glob",
      description: "Documents to plan for, instead of the configured ones",
    },
    ...filterArgs,
    "full-refresh": { type: "boolean", description: "Plan a run that processes everything in scope" },
    sample: { type: "string", valueHint: "n", description: "Plan for a sample of so many documents" },
    set: { type: "string", valueHint: "k=v", description: "A parameter of a model, for this plan" },
    rows: { type: "boolean", description: "List the units too, with the reason of each" },
    "allow-deletes": { type: "boolean", description: "Plan for removed documents even when most of them are gone" },
    ...jsonArgs,
  },
  repeatable: ["documents", "ids", "set", ...selectRepeatable],
  variadic: selectRepeatable,
  examples: [
    ["plan", "what the next run would do, and why"],
    ["plan indexing --rows", "unit by unit"],
    ["plan --select state:modified+", "models whose code or parameters changed, and what is below them"],
    ["plan --set maxSectionChars=4000", "what another parameter would mean"],
  ],
  async run(input) {
    const { args, all } = input;
    const sample = readCount("sample", args.sample);
    await using project = await openCliProject(args);
    const plan = await project.plan(await choosePipeline(project, input), {
      filters: readFilters(args, all("ids")),
      settings: readSettings(all("set")),
      mode: args["full-refresh"] === true ? "full" : "delta",
      ...(all("documents").length === 0 ? {} : { documents: readPatterns(all("documents")) }),
      ...(args.rows === true ? { rows: args.json === true ? 1_000_000 : 20 } : {}),
      ...(sample === undefined ? {} : { sample }),
      allowDeletes: args["allow-deletes"] === true,
    });
    if (args.json === true) return printJson(plan);
    const { colors, width, lines, aside } = createPrinter();
    lines(renderPlan(plan, { colors, width }));
    const isIdle = plan.models.every(({ work, units, upstreamPending }) => {
      return work === 0 && (units.deleted ?? 0) === 0 && upstreamPending.length === 0;
    });
    if (!isIdle) aside(`\n${colors.dim("Next:")} ${colors.cyan(createCommandLine(args)("run", ...wordsOf(input)))}`);
  },
});
