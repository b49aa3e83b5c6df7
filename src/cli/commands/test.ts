import { isFailure } from "../../data-tests/judge-test.ts";
import { describeTests, renderTestResult } from "../../display/render-test-result.ts";
import { countResults } from "../../data-tests/test-result.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { withInterrupt } from "../interrupt.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { chooseListed, selectArgs, selectRepeatable } from "../select-options.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "A pipeline, a namespace or a model; without it all models" },
    ...projectArgs,
    ...selectArgs,
    unit: { type: "boolean", description: "The unit tests in files *.unit.ts, on rows of their own" },
    ...jsonArgs,
  },
  repeatable: selectRepeatable,
  variadic: selectRepeatable,
  examples: [
    ["test", "every data test, on the tables as they stand"],
    ["test shop.orders", "the tests of one model"],
    ["test --unit", "the models on the rows of their unit tests"],
    ["build", "run the models first, each with its tests"],
  ],
  async run(input) {
    const { args } = input;
    await using project = await openCliProject(args);
    const chosen = await chooseListed(project, input);
    const models = chosen?.models ?? project.registry.list();
    const command = createCommandLine(args);
    if (args.unit === true) {
      const { runUnitTests } = await import("../run-unit-tests.ts");
      const names = new Set(models.map((model) => (typeof model === "string" ? model : model.name)));
      return await runUnitTests(project, {
        models: chosen === undefined ? undefined : names,
        json: args.json === true,
        command,
      });
    }
    const { colors, width, lines, aside } = createPrinter();
    return await withInterrupt(
      async (signal) => {
        const results = await project.test({
          models,
          signal,
          ...(args.json === true
            ? {}
            : { onResult: (result) => lines(renderTestResult(result, { colors, width, command })) }),
        });
        if (args.json === true) printJson(results);
        else if (results.length === 0) aside("No model of these has tests.");
        else lines(["", describeTests(countResults(results))]);
        return results.some(({ status }) => isFailure(status)) ? 1 : 0;
      },
      { onInterrupt: () => aside("Cancelling.") },
    );
  },
});
