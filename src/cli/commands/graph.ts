import { renderGraph, renderMermaid } from "../../display/render-graph.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { listModels } from "../list-models.ts";
import { openCliProject } from "../open-project.ts";
import { createPrinter, printJson } from "../print.ts";
import { chooseListed, selectArgs, selectRepeatable } from "../select-options.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "Pipeline or namespace; by default all models" },
    ...projectArgs,
    ...selectArgs,
    format: { type: "enum", options: ["text", "mermaid"], default: "text", description: "Output format" },
    ...jsonArgs,
  },
  repeatable: selectRepeatable,
  variadic: selectRepeatable,
  examples: [
    ["graph", "as a tree"],
    ["graph --format mermaid > graph.mmd", "for Markdown or mermaid.live"],
  ],
  async run(input) {
    const { args } = input;
    await using project = await openCliProject(args);
    const models = listModels(project, await chooseListed(project, input)).map((model) => ({
      ...model,
      description: model.description ?? undefined,
    }));
    if (args.json === true) return printJson(models.map(({ name, upstreams }) => ({ name, upstreams })));
    const { colors, lines } = createPrinter();
    lines(args.format === "mermaid" ? renderMermaid(models) : renderGraph(models, colors));
  },
});
