import { plural } from "../../core/text.ts";
import { renderPlan } from "../../display/render-plan.ts";
import { createCommandLine } from "../command-line.ts";
import { declaredFilterArgs } from "../declared-options.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { readScope, scopeArgs, scopeRepeatable, wordsOfScope } from "../scope-options.ts";
import { choosePipeline, selectRepeatable } from "../select-options.ts";

export default defineCommand({
  args: {
    ...scopeArgs,
    ...projectArgs,
    rows: { type: "boolean", description: "Also list the units, each with its reason" },
    ...jsonArgs,
  },
  declared: declaredFilterArgs,
  repeatable: scopeRepeatable,
  variadic: selectRepeatable,
  examples: [
    ["plan", "what the next run would do, and why"],
    ["plan indexing --rows", "unit by unit"],
    ["plan --select state:modified+", "models whose code or parameters have changed, and everything downstream"],
    ["plan --set maxSectionChars=4000", "the effect of a different parameter"],
  ],
  async run(input) {
    const { args } = input;
    const scope = readScope(input);
    await using project = await openCliProject(args);
    const plan = await project.plan(await choosePipeline(project, input), {
      ...scope,
      ...(args.rows === true ? { rows: args.json === true ? 1_000_000 : 20 } : {}),
    });
    if (args.json === true) return printJson(plan);
    const { colors, width, lines, aside } = createPrinter();
    lines(renderPlan(plan, { colors, width }));
    const isIdle = plan.models.every(({ work, units, upstreamPending }) => {
      return work === 0 && (units.deleted ?? 0) === 0 && upstreamPending.length === 0;
    });
    const quarantined = plan.models.reduce((sum, { units }) => sum + (units.quarantined ?? 0), 0);
    const command = createCommandLine(args);
    if (quarantined > 0)
      aside(`${plural(quarantined, "unit")} quarantined · ${command("retry", "--errors")} reruns them anyway`);
    if (!isIdle) aside(`\n${colors.dim("Next:")} ${colors.cyan(command("run", ...wordsOfScope(input)))}`);
  },
});
