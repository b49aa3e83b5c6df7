import { expect, test } from "vitest";
import { defineModel } from "millrace";
import { integer, pipelineTable } from "millrace/schema";
import { defaultPipeline } from "../../src/graph/resolve-pipeline.ts";
import { ModelRegistry } from "../../src/model/registry.ts";

function pipelineOf(...names: string[]): { name: string; models: unknown[] } {
  const registry = new ModelRegistry();
  for (const name of names) {
    const table = pipelineTable(name.replaceAll(".", "_"), { id: integer().primaryKey() });
    registry.register(
      defineModel({ name, table, sources: {}, run: ({ writer }) => Promise.resolve(writer.receipt()) }),
    );
  }
  const { name, models } = defaultPipeline(registry, []);
  return { name, models: models.map((model) => (typeof model === "string" ? model : model.name)) };
}

test("a run without a name means every model, those without a namespace too", () => {
  expect(pipelineOf("shop.orders", "shop.sales")).toEqual({ name: "shop", models: ["shop.orders", "shop.sales"] });
  expect(pipelineOf("shop.orders", "hello")).toEqual({ name: "all", models: ["shop.orders", "hello"] });
  expect(pipelineOf("shop.orders", "web.visits")).toEqual({ name: "all", models: ["shop.orders", "web.visits"] });
});
