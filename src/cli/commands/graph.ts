import { createPrinter, printJson } from "../print.ts";
import { renderGraph, renderMermaid } from "../../display/render-graph.ts";
import { defineCommand, jsonArgs, projectArgs } from "../define-command.ts";
import { listModels } from "../list-models.ts";
import { openCliProject } from "../open-project.ts";

export default defineCommand({
  args: {
    pipeline: { type: "positional", description: "Only the models of this pipeline or namespace" },
    ...projectArgs,
    format: { type: "enum", options: ["text", "mermaid"], default: "text", description: "How to draw it" },
    ...jsonArgs,
  },
  examples: [
    ["graph", "as a tree"],
    ["graph --format mermaid > graph.mmd", "for Markdown files and mermaid.live"],
  ],
  async run({ args }) {
    await using project = await openCliProject(args);
    const models = listModels(project, args.pipeline).map((model) => ({
      ...model,
      description: model.description ?? undefined,
    }));
    if (args.json === true) return printJson(models.map(({ name, upstreams }) => ({ name, upstreams })));
    const { colors, lines } = createPrinter();
    lines(args.format === "mermaid" ? renderMermaid(models) : renderGraph(models, colors));
  },
});
