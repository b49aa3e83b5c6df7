import { defineModel, ref } from "millrace";
import { json, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { countBy } from "../helpers/count-by.ts";
import { CREATE_NEW } from "../helpers/decide-with-rules.ts";
import { resolveDecisions } from "../helpers/resolve-decisions.ts";
import { entityClustering } from "./entity-clustering.ts";
import { entityClusters } from "./entity-clusters.ts";

const table = pipelineTable("indexing_entity_resolution", {
  nameId: text().primaryKey(),
  /** Where it was decided what becomes of the name. */
  clusterId: text().notNull(),
  entityName: text().notNull(),
  entityType: text().notNull(),
  decision: text().notNull(),
  canonicalName: text().notNull(),
  resolvedEntityId: text().notNull(),
  operation: text({ enum: ["CREATED", "MERGED", "LINKED"] }).notNull(),
  documentIds: json(z.array(z.string())).notNull(),
});

export const entityResolution = defineModel({
  name: "indexing.entity_resolution",
  description: "The entity that each name means: merges followed to their end, cycles broken",
  table,
  sources: {
    names: ref(entityClusters, { columns: ["nameId", "clusterId", "entityName", "entityType", "documentIds"] }),
    decisions: ref(entityClustering, { columns: ["nameId", "clusterId", "decision", "canonicalName"] }),
  },
  // A merge may lead into another cluster, so all decisions are looked at together; rows that stay are not written.
  async run({ sources, writer }) {
    const decisions = new Map<string, { readonly decision: string; readonly canonicalName: string }>();
    for await (const { nameId, clusterId, decision, canonicalName } of sources.decisions)
      decisions.set(`${clusterId} ${nameId}`, { decision, canonicalName });
    const names = (await sources.names.rows()).map((name) => ({
      ...name,
      // A name that nothing is decided about, since the call failed, is itself. What was decided about a cluster that is
      // no more does not count.
      ...(decisions.get(`${name.clusterId} ${name.nameId}`) ?? {
        decision: CREATE_NEW,
        canonicalName: name.entityName,
      }),
    }));
    const resolved = new Map(resolveDecisions(names).map((name) => [name.nameId, name]));
    await writer.write(
      names.flatMap((name) => {
        const resolution = resolved.get(name.nameId);
        return resolution === undefined ? [] : [{ ...name, ...resolution }];
      }),
    );
    const operations = countBy(Array.from(resolved.values(), ({ operation }) => operation));
    return {
      created: operations.get("CREATED") ?? 0,
      merged: operations.get("MERGED") ?? 0,
      linked: operations.get("LINKED") ?? 0,
    };
  },
});
