import { defineSqlModel, ref, relationships } from "millrace";
import { pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { claimResolution } from "./claim-resolution.ts";
import { claims } from "./claims.ts";
import { entities } from "./entities.ts";

const table = pipelineTable(
  "claim_entities",
  {
    claimId: text().notNull(),
    entityId: text().notNull(),
    role: text({ enum: ["subject", "object", "referenced"] }).notNull(),
  },
  (column) => [primaryKey({ columns: [column.claimId, column.entityId] })],
);

export const claimEntities = defineSqlModel({
  name: "indexing.claim_entities",
  description: "Which claim is about which entity, and as what",
  materialized: "table",
  table,
  sources: { claims: ref(claims), resolutions: ref(claimResolution) },
  tests: [
    relationships("claimId", { to: claims, field: "claimId" }),
    relationships("entityId", { to: entities, field: "entityId" }),
  ],
  sql: ({ claims, resolutions }) => sql`
    with linked as (
      select r.resolved_claim_id as claim_id, l.entity_id, min(l.place) as place
      from ${resolutions} as r
      cross join lateral jsonb_array_elements_text(r.linked_entity_ids) with ordinality as l (entity_id, place)
      where r.resolved_claim_id is not null
      group by 1, 2
    )
    select l.claim_id, l.entity_id,
      case when l.entity_id = c.subject_entity_id then 'subject' when l.place = 2 then 'object' else 'referenced' end as role
    from linked as l join ${claims} as c using (claim_id)`,
});
