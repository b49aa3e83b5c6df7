import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, llmTelemetry, pipelineTable, primaryKey, text } from "millrace/schema";
import { z } from "zod";
import { decideWithLlm } from "../helpers/decide-with-llm.ts";
import { decideWithRules } from "../helpers/decide-with-rules.ts";
import { byCodePoint } from "../helpers/entity-key.ts";
import { canAsk, withModel } from "../helpers/with-model.ts";
import { entityClusters } from "./entity-clusters.ts";

const config = z.object({
  /** `provider:model`; the project's own model unless set. */
  llmModel: z.string().optional(),
});

const table = pipelineTable(
  "indexing_entity_clustering",
  {
    clusterId: text().notNull(),
    nameId: text().notNull(),
    entityName: text().notNull(),
    entityType: text().notNull(),
    description: text(),
    aliases: json(z.array(z.string())).notNull(),
    confidence: doublePrecision().notNull(),
    documentIds: json(z.array(z.string())).notNull(),
    mentionCount: integer().notNull(),
    clusterSize: integer().notNull(),
    /** `CREATE_NEW`, `MERGE_WITH:<name of the cluster>`, or the id of a name in another cluster. */
    decision: text().notNull(),
    canonicalName: text().notNull(),
    reasoning: text().notNull(),
    similarExisting: json(
      z.array(z.object({ nameId: z.string(), entityName: z.string(), distance: z.number() })),
    ).notNull(),
    ...llmTelemetry(),
  },
  (column) => [primaryKey({ columns: [column.clusterId, column.nameId] })],
);

export const entityClustering = defineModel({
  name: "indexing.entity_clustering",
  description: "What becomes of the names of a cluster: each a new entity, or merged with another",
  table,
  sources: { names: ref(entityClusters) },
  forEach: "names",
  by: ["clusterId"],
  concurrency: 10,
  config,
  async run({ key, rows, llm, config: { llmModel } }) {
    const names = rows.toSorted((a, b) => byCodePoint(a.nameId, b.nameId));
    const asks = names.length > 1 && canAsk(llm, llmModel);
    const { decisions, telemetry } = asks
      ? await withModel(llm, llmModel, () => decideWithLlm(names, llm))
      : { decisions: decideWithRules(names), telemetry: undefined };
    return names.flatMap((name, index) => {
      const decision = decisions[index];
      if (decision === undefined) return [];
      // One call decides about the whole cluster; its cost stands at the first name.
      return [{ ...name, ...key, ...decision, ...(index === 0 ? telemetry : undefined) }];
    });
  },
});
