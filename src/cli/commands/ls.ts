import { writeManifest } from "../../dbt/write-artifacts.ts";
import { plural } from "../../core/text.ts";
import { FORMS } from "../../display/render-graph.ts";
import { renderTable } from "../../display/render-table.ts";
import { createCommandLine } from "../command-line.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { listModels } from "../list-models.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { chooseListed, printWarning, selectArgs, selectRepeatable } from "../select-options.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "Pipeline or namespace; by default all models" },
    ...projectArgs,
    ...selectArgs,
    ...jsonArgs,
  },
  repeatable: selectRepeatable,
  variadic: selectRepeatable,
  examples: [
    ["ls", "every model, in run order"],
    ["ls --select tag:nightly+", "the models that a selector matches"],
    ["ls indexing --json", "the models of a namespace as JSON"],
  ],
  async run(input) {
    const { args } = input;
    await using project = await openCliProject(args);
    const models = listModels(project, await chooseListed(project, input));
    await writeManifest(project, printWarning);
    if (args.json === true) return printJson(models);
    const { colors, width, lines, aside } = createPrinter();
    const rows = models.map((model) => [
      model.name,
      FORMS[model.form],
      model.table,
      model.upstreams.join(", ") || null,
      model.file,
    ]);
    lines(renderTable({ columns: ["model", "runs", "table", "reads models", "file"], rows, colors, width }));
    aside(colors.dim(`\n${plural(models.length, "model")} · \`${createCommandLine(args)("graph")}\` draws the graph`));
  },
});
