import { resolve } from "node:path";
import { escapeControls, padText } from "../../display/fit-text.ts";
import { withSuggestions } from "../../display/suggest.ts";
import { checkProject } from "../check-project.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: { ...projectArgs, ...jsonArgs },
  examples: [["doctor", "one line per check"]],
  async run({ args }) {
    const checks = await checkProject(resolve(args.project));
    const failed = checks.filter((check) => !check.ok).length;
    const code = failed > 0 ? 1 : 0;
    if (args.json === true) {
      printJson(checks);
      return code;
    }
    const { colors, lines } = createPrinter();
    const command = createCommandLine(args);
    const width = Math.max(...checks.map((check) => check.name.length));
    lines(
      checks.flatMap(({ name, ok, detail, hint }) => [
        `${ok ? colors.green("✓") : colors.red("✗")} ${padText(name, width)}  ${ok ? colors.dim(detail) : escapeControls(detail.replaceAll("\n", `\n${" ".repeat(width + 4)}`), { keepNewlines: true })}`,
        ...(hint === undefined
          ? []
          : [`  ${" ".repeat(width)}  ${colors.cyan(`→ ${withSuggestions(hint, command)}`)}`]),
      ]),
    );
    lines([
      "",
      failed === 0 ? colors.green("All checks passed.") : colors.red(`${failed} of ${checks.length} checks failed.`),
    ]);
    return code;
  },
});
