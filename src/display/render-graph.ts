import type { ShownForm } from "../model/define-sql-model.ts";
import { type TreeNode, layoutTree } from "./layout-tree.ts";
import type { Palette } from "./output.ts";

export interface GraphModel extends TreeNode {
  readonly form: ShownForm;
  readonly description?: string | undefined;
}

/** The graph as a tree of lines; what a model reads beside its parent stands behind it. */
export function renderGraph(models: readonly GraphModel[], colors: Palette): readonly string[] {
  const forms = new Map(models.map((model) => [model.name, model.form]));
  const layout = layoutTree(models);
  const width = Math.max(0, ...layout.map(({ prefix, name }) => prefix.length + name.length));
  return layout.map(({ name, prefix, alsoReads }) => {
    const also = alsoReads.length === 0 ? "" : ` · ${prefix === "" ? "reads" : "also reads"} ${alsoReads.join(", ")}`;
    return `${colors.dim(prefix)}${name.padEnd(width - prefix.length)}  ${colors.dim(`${FORMS[forms.get(name) ?? "table"]}${also}`)}`;
  });
}

/** What a model gets at once, or what its query becomes, in a word or two. */
export const FORMS: Readonly<Record<ShownForm, string>> = {
  row: "per row",
  group: "per group",
  table: "whole table",
  seed: "seed",
  view: "view",
  sql: "sql table",
  "sql row": "sql per row",
  "sql group": "sql per group",
};

/** The graph for Markdown files and mermaid.live. */
export function renderMermaid(models: readonly GraphModel[]): readonly string[] {
  // Names hold dots and may be words that Mermaid reserves, so ids are numbers.
  const ids = new Map(models.map((model, index) => [model.name, `m${index + 1}`]));
  return [
    "graph LR",
    ...models.map(({ name }) => `  ${ids.get(name) ?? ""}["${name}"]`),
    ...models.flatMap(({ name, upstreams }) =>
      upstreams
        .filter((upstream) => ids.has(upstream))
        .map((upstream) => `  ${ids.get(upstream) ?? ""} --> ${ids.get(name) ?? ""}`),
    ),
  ];
}
