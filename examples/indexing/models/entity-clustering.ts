import { defineModel, ref } from "millrace";
import { doublePrecision, integer, json, pipelineTable, text } from "millrace/schema";
import { z } from "zod";
import { canonicalName, countForms, distinct, shortHash, type SurfaceForm } from "../helpers/entity-key.ts";
import { longestDescription, mean } from "../helpers/summarize.ts";
import { entityMentions } from "./entity-mentions.ts";

const table = pipelineTable("indexing_entity_clustering", {
  clusterId: text().primaryKey(),
  clusterKey: text().notNull(),
  /** The entity that this cluster is resolved to. */
  entityId: text().notNull(),
  canonicalName: text().notNull(),
  entityType: text().notNull(),
  surfaceForms: json(z.array(z.object({ name: z.string(), count: z.number().int() }))).notNull(),
  aliases: json(z.array(z.string())).notNull(),
  description: text(),
  documentIds: json(z.array(z.string())).notNull(),
  mentionCount: integer().notNull(),
  clusterSize: integer().notNull(),
  confidence: doublePrecision().notNull(),
  decision: text({ enum: ["single", "merged"] }).notNull(),
  reasoning: text().notNull(),
});

export const entityClustering = defineModel({
  name: "indexing.entity_clustering",
  description: "Spellings of one name, put together: case, punctuation, blanks and plurals do not count",
  table,
  sources: { mentions: ref(entityMentions) },
  forEach: "mentions",
  by: ["clusterKey", "entityId", "entityType"],
  async run({ key, rows: mentions }) {
    const surfaceForms = countForms(mentions.map((mention) => ({ name: mention.entityName, count: 1 })));
    const name = canonicalName(surfaceForms);
    return {
      ...key,
      clusterId: shortHash(JSON.stringify([key.entityType, key.clusterKey, key.entityId])),
      canonicalName: name,
      surfaceForms,
      aliases: distinct(mentions.flatMap((mention) => [mention.entityName, ...mention.aliases])).filter(
        (alias) => alias !== name,
      ),
      description: longestDescription(mentions),
      documentIds: distinct(mentions.map((mention) => mention.documentId)),
      mentionCount: mentions.length,
      clusterSize: surfaceForms.length,
      confidence: mean(mentions.map((mention) => mention.confidence)),
      ...explain(surfaceForms, key.clusterKey),
    };
  },
});

function explain(forms: readonly SurfaceForm[], key: string): { decision: "single" | "merged"; reasoning: string } {
  if (forms.length === 1) return { decision: "single", reasoning: "Every mention spells the name alike." };
  const spellings = forms.map((form) => `"${form.name}"`).join(", ");
  return { decision: "merged", reasoning: `${spellings} differ in case, punctuation, blanks or number only (${key}).` };
}
