import { UsageError } from "../../core/errors.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { chooseListed, selectArgs, selectRepeatable } from "../select-options.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "Pipeline, namespace or model; by default all SQL models" },
    ...projectArgs,
    ...selectArgs,
    ...jsonArgs,
  },
  repeatable: selectRepeatable,
  variadic: selectRepeatable,
  examples: [
    ["compile shop.orders", "the query, ready for psql"],
    ["compile --json", "every query of the project as JSON"],
  ],
  async run(input) {
    const { args } = input;
    await using project = await openCliProject(args);
    const models = (await chooseListed(project, input))?.models ?? project.registry.list();
    const found = models.map((model) => (typeof model === "string" ? project.registry.get(model) : model));
    const [only] = found;
    // One that is named is worth an error; among many the others are left out.
    const queries = found.length === 1 && only !== undefined ? [only] : found.filter(({ form }) => form === "sql");
    if (queries.length === 0) {
      throw new UsageError("NOT_SQL", "None of these models is a SQL model.", {
        hint: "`millrace ls` shows the form of each model.",
      });
    }
    const compiled: { model: string; sql: string }[] = [];
    for (const model of queries) compiled.push({ model: model.name, sql: await project.compile(model.name) });
    if (args.json === true) return printJson(compiled);
    const { colors, lines } = createPrinter();
    compiled.forEach(({ model, sql }, index) =>
      lines([...(index === 0 ? [] : [""]), ...(compiled.length === 1 ? [] : [colors.dim(`-- ${model}`)]), `${sql};`]),
    );
  },
});
