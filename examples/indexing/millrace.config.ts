import { defineConfig } from "millrace";
import { sql } from "millrace/schema";

export default defineConfig({
  models: "./models",
  documents: ["./docs/**/*.md"],
  documentFilters: {
    "in-cluster": {
      description: "Only documents that speak of this cluster of names",
      valueHint: "name",
      select: (name) => sql`select document_id from document_clusters where lower(cluster_name) = lower(${name})`,
    },
    "with-entity": {
      description: "Only documents that speak of this entity",
      valueHint: "type:name",
      select: (entity) => sql`
        select document_id from document_entities join entities using (entity_id)
        where lower(entity_type || ':' || canonical_name) = lower(${entity})`,
    },
    "with-relationship": {
      description: "Only documents that state this relationship between entities",
      valueHint: "name:type:name",
      select: (relationship) => sql`
        select jsonb_array_elements_text(r.document_ids) from entity_relationships r
        join entities s on s.entity_id = r.source_entity_id
        join entities t on t.entity_id = r.target_entity_id
        where lower(s.canonical_name || ':' || r.relationship_type || ':' || t.canonical_name) = lower(${relationship})`,
    },
  },
});
