import { defineSqlModel, ref, relationships } from "millrace";
import { pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { surestFirst } from "../helpers/quotes-sql.ts";
import { claimEvidence } from "./claim-evidence.ts";
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
  sources: {
    evidence: ref(claimEvidence, {
      columns: [
        "documentId",
        "sectionId",
        "claimNumber",
        "claimId",
        "claimHash",
        "confidence",
        "canonicalStatement",
        "linkedEntityIds",
      ],
    }),
  },
  forEach: "evidence",
  by: ["claimId"],
  tests: [
    relationships("claimId", { to: claims, field: "claimId" }),
    relationships("entityId", { to: entities, field: "entityId" }),
  ],
  sql: ({ evidence }) => sql`
    with subjects as (
      select distinct on (claim_id) claim_id, linked_entity_ids ->> 0 as entity_id
      from ${evidence} order by claim_id, ${surestFirst}
    ), linked as (
      select e.claim_id, l.entity_id, min(l.place) as place
      from ${evidence} as e
      cross join lateral jsonb_array_elements_text(e.linked_entity_ids) with ordinality as l (entity_id, place)
      group by 1, 2
    )
    select l.claim_id, l.entity_id,
      case when l.entity_id = s.entity_id then 'subject' when l.place = 2 then 'object' else 'referenced' end as role
    from linked as l join subjects as s using (claim_id)`,
});
