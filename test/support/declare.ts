import { defineModel, type Model, ref } from "millrace";
import { pipelineTable, text } from "millrace/schema";

/** A model with one column that copies its first upstream, for tests about names and edges. */
export function declareModel(
  name: string,
  upstreams: readonly (Model<{ id: string }> | string)[] = [],
): Model<{ id: string }> {
  return defineModel({
    name,
    table: pipelineTable(name.replaceAll(".", "_"), { id: text().primaryKey() }),
    sources: Object.fromEntries(upstreams.map((upstream, index) => [`source${index}`, ref(upstream)])),
    async run({ writer }) {
      return writer.receipt();
    },
  });
}
