import { isFailure } from "../../checks/judge-test.ts";
import { describeTests, renderTest } from "../../display/render-test.ts";
import { countResults } from "../../run/test-store.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { withInterrupt } from "../interrupt.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "A pipeline, a namespace or a model; without it all models" },
    ...projectArgs,
    ...jsonArgs,
  },
  examples: [
    ["test", "every data test, on the tables as they stand"],
    ["test shop.orders", "the tests of one model"],
    ["build", "run the models first, each with its tests"],
  ],
  async run({ args }) {
    await using project = await openCliProject(args);
    const models =
      args.pipeline === undefined ? project.registry.list() : project.resolvePipeline(args.pipeline).models;
    const { colors, width, lines, aside } = createPrinter();
    return await withInterrupt(
      async (signal) => {
        const results = await project.test({
          models,
          signal,
          ...(args.json === true ? {} : { onResult: (result) => lines(renderTest(result, { colors, width })) }),
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
