import { createCommandLine } from "../command-line.ts";
import { confirm } from "../confirm.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    ...projectArgs,
    yes: { type: "boolean", alias: "y", description: "Do not ask, even if data will be lost" },
    ...jsonArgs,
  },
  examples: [["migrate", "show the changes and apply them after confirmation"]],
  async run({ args }) {
    await using project = await openCliProject(args);
    const plan = await project.planMigration();
    const { colors, lines } = createPrinter();
    if (args.json !== true) {
      if (plan.statements.length + plan.blocked.length === 0) {
        return lines([`${colors.green("✓")} The tables match the models.`]);
      }
      lines(plan.statements.map((statement) => `${statement};`));
      lines(plan.blocked.flatMap(({ reason, sql }) => [colors.yellow(`-- ${reason}`), `${sql};`]));
    }
    if (plan.blocked.length > 0 && args.yes !== true && !(await confirm("Apply these changes? Data may be lost."))) {
      lines(["Nothing was changed."]);
      return 1;
    }
    const done = await project.migrate();
    if (args.json === true) return printJson(done);
    lines([
      `${colors.green("✓")} The tables match the models.`,
      `${colors.dim("Next:")} ${colors.cyan(createCommandLine(args)("run"))}`,
    ]);
  },
});
