import { expect, test } from "vitest";
import { renderGraph, renderMermaid } from "../../src/display/render-graph.ts";
import { plainColors } from "./scripted-run.ts";

const models = [
  { name: "indexing.sections", form: "row", upstreams: [] },
  { name: "indexing.extractions", form: "row", upstreams: ["indexing.sections"] },
  { name: "indexing.claims", form: "table", upstreams: ["indexing.extractions", "indexing.sections"] },
  { name: "reporting.end", form: "group", upstreams: ["indexing.elsewhere"] },
] as const;

test("a graph is a tree whose lines name further sources", () => {
  expect(`\n${renderGraph(models, plainColors).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    indexing.sections        per row
    └─ indexing.extractions  per row
       └─ indexing.claims    whole table · also reads indexing.sections
    reporting.end            per group · reads indexing.elsewhere
    "
  `);
});

test("a graph is a Mermaid diagram", () => {
  expect(`\n${renderMermaid(models).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    graph LR
      m1["indexing.sections"]
      m2["indexing.extractions"]
      m3["indexing.claims"]
      m4["reporting.end"]
      m1 --> m2
      m2 --> m3
      m1 --> m3
    "
  `);
});
