import { defineSqlModel, ref } from "millrace";
import { integer, pipelineTable, primaryKey, sql, text } from "millrace/schema";
import { documentEntities } from "./document-entities.ts";
import { entities } from "./entities.ts";

const table = pipelineTable(
  "entity_cooccurrence",
  {
    firstEntityId: text().notNull(),
    secondEntityId: text().notNull(),
    firstName: text().notNull(),
    secondName: text().notNull(),
    documents: integer().notNull(),
  },
  (column) => [primaryKey({ columns: [column.firstEntityId, column.secondEntityId] })],
);

export const entityCooccurrence = defineSqlModel({
  name: "indexing.entity_cooccurrence",
  description: "Entities that the same documents speak of, at least two of them",
  // A view: there are many pairs, and few are ever looked at.
  materialized: "view",
  table,
  sources: { links: ref(documentEntities), entities: ref(entities) },
  sql: ({ links, entities }) => sql`
    select a.entity_id as first_entity_id, b.entity_id as second_entity_id, x.canonical_name as first_name,
      y.canonical_name as second_name, count(*)::int as documents
    from ${links} as a
    join ${links} as b on b.document_id = a.document_id and a.entity_id < b.entity_id
    join ${entities} as x on x.entity_id = a.entity_id
    join ${entities} as y on y.entity_id = b.entity_id
    group by 1, 2, 3, 4 having count(*) > 1`,
});
