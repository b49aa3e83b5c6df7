import { defineModel, documents, ModelRegistry, type Project, ref } from "millrace";
import { pipelineTable, text } from "millrace/schema";
import { buildGraph, type Graph } from "../../src/graph/build-graph.ts";

type Node = readonly [
  name: string,
  reads: readonly string[],
  options?: { readonly tags?: readonly string[]; readonly owner?: string; readonly meta?: Record<string, unknown> },
];

/**
 *   raw_orders ──── staging.orders ──┬── core.order_items ──┬── marts.revenue ──── (weekly_report)
 *   raw_customers ─ staging.customers ┴─ core.customers ────┴── marts.churn
 *   documents ───── notes.sections ───── notes.words ──── marts.topics
 *                         └───────────── notes.customers
 */
const NODES: readonly Node[] = [
  ["staging.orders", ["raw_orders"], { tags: ["staging", "nightly"], owner: "data" }],
  ["staging.customers", ["raw_customers"], { tags: ["staging"], owner: "data", meta: { tier: "gold", pii: true } }],
  ["core.order_items", ["staging.orders"], { tags: ["nightly"] }],
  ["core.customers", ["staging.orders", "staging.customers"], { owner: "growth" }],
  ["marts.revenue", ["core.order_items", "core.customers"], { tags: ["nightly", "finance"], owner: "finance" }],
  ["marts.churn", ["core.customers"], { tags: ["weekly"], owner: "growth" }],
  ["notes.sections", ["documents"], { tags: ["text"] }],
  ["notes.words", ["notes.sections"], { tags: ["text", "nightly"] }],
  ["notes.customers", ["notes.sections"], {}],
  ["marts.topics", ["notes.words"], { tags: ["weekly", "text"] }],
];

const FILES: Readonly<Record<string, string>> = {
  "staging.orders": "models/staging/orders.ts",
  "staging.customers": "models/staging/customers.ts",
  "core.order_items": "models/core/orders.ts",
  "core.customers": "models/core/customers.ts",
  "marts.revenue": "models/marts/finance/revenue.ts",
  "marts.churn": "models/marts/churn.ts",
  "marts.topics": "models/marts/topics.mts",
  "notes.sections": "models/notes/all.ts",
  "notes.words": "models/notes/all.ts",
  "notes.customers": "models/notes/all.ts",
};

export const EXPOSURES: Project["config"]["exposures"] = [
  {
    name: "weekly_report",
    type: "dashboard",
    owner: { name: "Finance" },
    dependsOn: ["marts.revenue"],
    description: "",
    tags: ["weekly"],
    meta: {},
  },
];

/** Ten models of four namespaces, for tests about selection. */
export function referenceGraph(): { readonly graph: Graph; readonly fileOf: (name: string) => string | undefined } {
  const registry = new ModelRegistry();
  for (const [name, reads, options] of NODES) {
    const model = defineModel({
      name,
      table: pipelineTable(name.replaceAll(".", "_"), { id: text().primaryKey() }),
      sources: Object.fromEntries(
        reads.map((source, index) => [`source${index}`, source === "documents" ? documents() : ref(source)]),
      ),
      ...options,
      async run({ writer }) {
        return writer.receipt();
      },
    });
    registry.register(model, FILES[name]);
  }
  return { graph: buildGraph(registry.list(), registry), fileOf: (name) => registry.fileOf(name) };
}
