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
    pipeline: { type: "positional", description: "Pipeline, namespace or model; by default all models" },
    ...projectArgs,
    ...selectArgs,
    unit: { type: "boolean", description: "Run the unit tests in *.unit.ts files instead" },
    ...jsonArgs,
  },
  repeatable: selectRepeatable,
  variadic: selectRepeatable,
  examples: [
    ["test", "every data test, on the tables as they are"],
    ["test shop.orders", "the tests of one model"],
    ["test --unit", "unit tests: models on literal rows"],
    ["build", "run the models first, then their tests"],
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
        else if (results.length === 0) aside("None of these models has tests.");
        else lines(["", describeTests(countResults(results))]);
        return results.some(({ status }) => isFailure(status)) ? 1 : 0;
      },
      { onInterrupt: () => aside("Cancelling.") },
    );
  },
});
